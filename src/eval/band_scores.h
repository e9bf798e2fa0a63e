// SPDX-License-Identifier: GPL-3.0-or-later
// How well a stem keeps to what is known of the music it is for: its beats and its chords.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "eval/chroma.h"
#include "eval/onset.h"

namespace riffle::eval {

// Beats in regular distances, as seconds of the sound.
struct BeatGrid {
  double bpm = 120;
  double first_beat_s = 0;  // may lie before the sound's beginning
};

// Whether things begin on the grid: each onset, by its strength, counts as the cosine of its place
// between two lines of the grid of halves, thirds or quarters of a beat, whichever of them fits
// best. 1: all of them on the lines; about 0: anywhere. Absent where nothing begins.
std::optional<double> beat_agreement(const OnsetStrength& onset, const BeatGrid& grid);

// A chord from start_s on, up to the next one.
struct ChordSpan {
  double start_s = 0;
  std::array<bool, 12> tones{};  // pitch classes from C
};

// The share of the chroma's strength that lies on the tones of the chord of the moment; a third or
// so by chance. Absent where nothing sounds or no chord is known.
std::optional<double> chord_agreement(const Chroma& chroma, const std::vector<ChordSpan>& chords);

// How far `value` has come from `low` to `high`: 0 at low, 1 at high. Absent where the two are
// alike, so that there is no way between them.
std::optional<double> share_of_way(double value, double low, double high);

}  // namespace riffle::eval
