// SPDX-License-Identifier: GPL-3.0-or-later
// Chord symbols, and progressions as lead sheets write them: "Am7 | F | C G/B | N.C.".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::text {

struct ChordQuality {
  std::string_view name;       // "maj", "min7", "sus4", ...
  std::vector<int> intervals;  // semitones above the root, ascending, beginning with 0
};
std::span<const ChordQuality> chord_qualities();
const ChordQuality* find_chord_quality(std::string_view name);  // null: there is none

// The pitch classes (0 = C) of "C", "F#m7", "Bbmaj7", "Dsus4", "G/B", the bass first, each once;
// none for "N.C." (no chord). Throws Error{InvalidArgument} for what is no chord.
std::vector<int> parse_chord(std::string_view symbol);

// A chord from one place to the next, in bars from the beginning of the progression.
struct ChordSpan {
  double start = 0;
  double end = 0;
  std::vector<int> pitch_classes;  // empty: no chord
};

// Chords apart by blanks, one a bar; or bars apart by "|", whose chords share them evenly. "%" is
// the bar, or the chord, before once more. Throws Error{InvalidArgument} where there is no chord.
std::vector<ChordSpan> parse_chords(std::string_view text);

}  // namespace riffle::text
