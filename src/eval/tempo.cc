// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/tempo.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "eval/signal.h"

namespace riffle::eval {
namespace {

constexpr double kShortest = 2.0;  // s
// Lags are read up to this share of the clip: beyond it too few onsets are compared.
constexpr double kLongestLag = 0.75;
// What periodicity counts for beside agreement.
constexpr double kPulseWeight = 4;
constexpr double kMeanWindow = 1.0;  // s, of the moving mean that is taken off

// Onsets above their surroundings, smoothed over some 30 ms so that humanised notes still meet.
std::vector<float> sharpened(const OnsetStrength& onset) {
  const auto& values = onset.values;
  const auto count = static_cast<int64_t>(values.size());
  const auto half = static_cast<int64_t>(kMeanWindow * onset.rate_hz / 2);
  std::vector<double> sums(values.size() + 1, 0.0);
  for (size_t i = 0; i < values.size(); ++i) sums[i + 1] = sums[i] + values[i];
  std::vector<float> above(values.size());
  for (int64_t i = 0; i < count; ++i) {
    const int64_t first = std::max<int64_t>(0, i - half);
    const int64_t last = std::min(count, i + half + 1);
    const double mean = (sums[static_cast<size_t>(last)] - sums[static_cast<size_t>(first)]) /
                        static_cast<double>(last - first);
    above[static_cast<size_t>(i)] =
        static_cast<float>(std::max(0.0, values[static_cast<size_t>(i)] - mean));
  }
  std::vector<float> smooth(values.size());
  constexpr std::array kKernel = {0.25F, 0.75F, 1.0F, 0.75F, 0.25F};
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t k = -2; k <= 2; ++k) {
      if (i + k < 0 || i + k >= count) continue;
      smooth[static_cast<size_t>(i)] +=
          kKernel[static_cast<size_t>(k + 2)] * above[static_cast<size_t>(i + k)];
    }
  }
  return smooth;
}

// Correlation of the strength with itself at each lag, over what overlaps.
std::vector<float> autocorrelation(std::span<const float> values, int64_t max_lag) {
  std::vector<float> result(static_cast<size_t>(max_lag) + 1, 0.0F);
  for (int64_t lag = 0; lag <= max_lag; ++lag) {
    result[static_cast<size_t>(lag)] =
        static_cast<float>(correlation(values.subspan(static_cast<size_t>(lag)), values));
  }
  return result;
}

double at_lag(const std::vector<float>& values, double lag) {
  const auto below = static_cast<size_t>(lag);
  if (below + 1 >= values.size()) return 0;
  const double part = lag - static_cast<double>(below);
  return (1 - part) * values[below] + part * values[below + 1];
}

// How much of the onsets comes and goes at a frequency: 0 none .. 1 all.
double periodicity(std::span<const float> values, double hz, double rate_hz) {
  double x = 0;
  double y = 0;
  double sum = 0;
  const double step = 2 * std::numbers::pi * hz / rate_hz;
  const double mean = mean_of(values);
  for (size_t i = 0; i < values.size(); ++i) {
    const double angle = step * static_cast<double>(i);
    x += (values[i] - mean) * std::cos(angle);
    y += (values[i] - mean) * std::sin(angle);
    sum += values[i];
  }
  return sum > 0 ? std::hypot(x, y) / sum : 0;
}

// The mean agreement after one to four periods, as far as the lags go.
double agreement(const std::vector<float>& values, double period) {
  constexpr std::array kWeights = {1.0, 1.0, 0.8, 1.0};
  double sum = 0;
  double weight = 0;
  for (size_t k = 0; k < kWeights.size(); ++k) {
    const double lag = period * static_cast<double>(k + 1);
    if (lag + 1 >= static_cast<double>(values.size())) break;
    sum += kWeights[k] * at_lag(values, lag);
    weight += kWeights[k];
  }
  return weight > 0 ? sum / weight : 0;
}

}  // namespace

Tempo estimate_tempo(const OnsetStrength& onset, const TempoOptions& options) {
  const auto count = static_cast<double>(onset.values.size());
  if (count < kShortest * onset.rate_hz) return {};
  const std::vector<float> strength = sharpened(onset);
  const std::vector<float> agreements =
      autocorrelation(strength, static_cast<int64_t>(count * kLongestLag));
  Tempo best;
  double best_score = 0;
  constexpr double kStep = 1.0025;
  for (double bpm = options.min_bpm; bpm <= options.max_bpm; bpm *= kStep) {
    const double found = agreement(agreements, 60 / bpm * onset.rate_hz);
    const double octaves = std::log2(bpm / options.preferred_bpm) / options.spread_octaves;
    const double hz = bpm / 60;
    const double pulse = std::max(periodicity(strength, hz, onset.rate_hz),
                                  periodicity(strength, 2 * hz, onset.rate_hz));
    const double score = found * std::exp(-0.5 * octaves * octaves) * (1 + kPulseWeight * pulse);
    if (score > best_score) {
      best_score = score;
      best = {.bpm = bpm, .confidence = found};
    }
  }
  return best;
}

bool tempo_agrees(double found_bpm, double asked_bpm, double tolerance) {
  if (found_bpm <= 0) return false;
  return std::ranges::any_of(std::array{0.5, 1.0, 2.0}, [&](double factor) {
    return std::abs(found_bpm / (asked_bpm * factor) - 1) <= tolerance;
  });
}

}  // namespace riffle::eval
