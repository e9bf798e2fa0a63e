// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/band_scores.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace riffle::eval {
namespace {

constexpr std::array kParts{2, 3, 4};  // of a beat
constexpr double kLeastOnset = 1e-4;   // of a mean onset strength, or nothing begins
constexpr double kNoWay = 1e-3;

}  // namespace

std::optional<double> beat_agreement(const OnsetStrength& onset, const BeatGrid& grid) {
  const double all = std::accumulate(onset.values.begin(), onset.values.end(), 0.0);
  if (onset.values.empty() || all < kLeastOnset * static_cast<double>(onset.values.size())) {
    return std::nullopt;
  }
  // What lies everywhere, such as noise, is no onset.
  const double floor = all / static_cast<double>(onset.values.size());
  double best = -1;
  for (const int parts : kParts) {
    const double lines_per_s = grid.bpm / 60 * parts;
    double agreed = 0;
    double weight = 0;
    for (size_t i = 0; i < onset.values.size(); ++i) {
      const double strength = std::max(0.0, double{onset.values[i]} - floor);
      const double seconds = static_cast<double>(i) / onset.rate_hz - grid.first_beat_s;
      agreed += strength * std::cos(2 * std::numbers::pi * lines_per_s * seconds);
      weight += strength;
    }
    if (weight > 0) best = std::max(best, agreed / weight);
  }
  return best;
}

std::optional<double> chord_agreement(const Chroma& chroma, const std::vector<ChordSpan>& chords) {
  double on = 0;
  double all = 0;
  for (size_t t = 0; t < chroma.columns.size(); ++t) {
    const double seconds = static_cast<double>(t) / chroma.rate_hz;
    const ChordSpan* now = nullptr;
    for (const ChordSpan& chord : chords) {
      if (chord.start_s <= seconds) now = &chord;
    }
    if (now == nullptr) continue;
    for (size_t c = 0; c < 12; ++c) {
      all += chroma.columns[t][c];
      if (now->tones[c]) on += chroma.columns[t][c];
    }
  }
  if (!(all > 0)) return std::nullopt;
  return on / all;
}

std::optional<double> share_of_way(double value, double low, double high) {
  if (std::abs(high - low) < kNoWay) return std::nullopt;
  return (value - low) / (high - low);
}

}  // namespace riffle::eval
