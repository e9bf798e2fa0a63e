// SPDX-License-Identifier: GPL-3.0-or-later
// The notes of the modes a key can have.
#pragma once

#include <array>

#include "text/music_terms.h"

namespace riffle::text {

// Of each of kModes: semitones above the tonic, ascending.
inline constexpr std::array<std::array<int, 7>, kModes.size()> kModeSteps{{
    {0, 2, 4, 5, 7, 9, 11},  // major
    {0, 2, 3, 5, 7, 9, 10},  // dorian
    {0, 1, 3, 5, 7, 8, 10},  // phrygian
    {0, 2, 4, 6, 7, 9, 11},  // lydian
    {0, 2, 4, 5, 7, 9, 10},  // mixolydian
    {0, 2, 3, 5, 7, 8, 10},  // minor
    {0, 1, 3, 5, 6, 8, 10},  // locrian
    {0, 2, 3, 5, 7, 8, 11},  // harmonic minor
}};

}  // namespace riffle::text
