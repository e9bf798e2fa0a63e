// SPDX-License-Identifier: GPL-3.0-or-later
// Who plays: draws the instruments of a genre, gives each a register and a part, and sets levels.
#pragma once

#include <string_view>

#include "corpus/parts.h"
#include "corpus/random.h"
#include "corpus/score.h"

namespace riffle::corpus {

// Two to seven tracks.
void add_band(Score& score, Random& random);

// The same with accompaniment by MMA and a lead of ours. False, and the song as it was, where MMA
// or its grooves for this genre are missing.
bool add_mma_band(Score& score, Random& random);

// One track. Its part is what the instrument is asked for alone: a bass riff, chords, an arpeggio,
// a melody, a drum loop.
void add_soloist(Score& score, Random& random);

// An empty track with program, level and place of that instrument or kit.
Track make_track(std::string_view word, std::string_view role, Random& random);

// The register in which an instrument plays a role ("bass", "chords", "lead", ...).
Register register_of(const Instrument& player, std::string_view role);

}  // namespace riffle::corpus
