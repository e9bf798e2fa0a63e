// SPDX-License-Identifier: GPL-3.0-or-later
// Chord progressions: written ones of the genre, or a walk through the usual steps.
#pragma once

#include <string_view>
#include <vector>

#include "corpus/random.h"
#include "corpus/score.h"

namespace riffle::corpus {

// Reads a progression: chords apart by spaces, each "degree[:quality][*bars | /parts]", a bar long
// unless *2 (two bars) or /2 (half a bar). Degrees 1..7 are those of the mode; b2, b3, b6, b7 lie
// that far above the tonic whatever the mode. Without a quality it is the mode's own chord there.
// Ticks begin at 0. Throws Error{InvalidArgument} for text that is no progression.
std::vector<Chord> read_progression(std::string_view text, const Scale& scale, bool sevenths,
                                    int64_t bar_ticks, int64_t& length_ticks);

// Fills score.song.chords from its genre, mode, sections and bars: a loop for verses, perhaps
// another for choruses.
void write_harmony(Score& score, Random& random);

}  // namespace riffle::corpus
