// SPDX-License-Identifier: GPL-3.0-or-later
// What makes held tones live: swells and vibrato of strings and winds, bends of guitars, the
// pumping of pads beside a kick drum. Written as MIDI controllers over tracks already played.
#pragma once

#include "corpus/random.h"
#include "corpus/score.h"

namespace riffle::corpus {

inline constexpr int kModulation = 1;   // MIDI controller: vibrato
inline constexpr int kExpression = 11;  // MIDI controller: loudness inside a part

// Adds controls to every track of score.song that wants some. A bend always comes back to 0 before
// the next note.
void add_expression(Score& score, Random& random);

}  // namespace riffle::corpus
