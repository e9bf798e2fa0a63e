// SPDX-License-Identifier: GPL-3.0-or-later
// Scales and chords: which tones there are, which of them fit, how one chord moves to the next.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "corpus/song.h"

namespace riffle::corpus {

struct Scale {
  int tonic = 0;           // pitch class
  std::vector<int> steps;  // semitones above the tonic, ascending, beginning with 0

  bool contains(int key) const;
  // The tone of the scale nearest to key (below where two are as near).
  int nearest(int key) const;
  // Moves nearest(key) by so many steps of the scale, up or down.
  int moved(int key, int steps_up) const;
};

// "major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "harmonic minor".
std::span<const std::string_view> mode_names();
// Throws Error{InvalidArgument} for a mode that has no name above.
Scale scale_of(int tonic, std::string_view mode);
// Without the two tones that clash: the pentatonic scale inside a mode.
Scale pentatonic_of(int tonic, std::string_view mode);
bool is_dark(std::string_view mode);  // its third is minor

// Semitones above the root, ascending, beginning with 0. Throws Error{InvalidArgument} for a
// quality it does not know.
std::span<const int> intervals_of(std::string_view quality);
std::vector<int> pitch_classes_of(const Chord& chord);  // root first
bool holds(const Chord& chord, int key);                // is key one of its tones

// What may be played over a chord: the scale, in which tones beside a chord tone foreign to the
// scale give way to it (over E7 in A minor, G gives way to G#).
Scale scale_over(const Scale& scale, const Chord& chord);

// The chord of the degree-th tone (1..7) of the scale, in thirds; four tones with `sevenths`.
// Where the fourth tone makes no chord with a name it stays a triad.
Chord chord_on(const Scale& scale, int degree, bool sevenths);

// A voicing of `voices` tones of the chord, ascending, near `previous` (empty: near `centre`) and
// inside lowest..highest: every voice moves as little as it can.
std::vector<int> voicing(const Chord& chord, std::span<const int> previous, int voices, int centre,
                         int lowest, int highest);

}  // namespace riffle::corpus
