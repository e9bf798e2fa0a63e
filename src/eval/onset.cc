// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/onset.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "audio/mel_spectrogram.h"
#include "audio/spectrogram_encoder.h"
#include "eval/signal.h"

namespace riffle::eval {
namespace {

// 46 ms windows every 10 ms, 80 bands.
const audio::SpectrogramParams kGrid{.sample_rate = kJudgeRate,
                                     .step_size_ms = 10,
                                     .window_duration_ms = 46,
                                     .padded_duration_ms = 46,
                                     .num_frequencies = 80,
                                     .min_frequency = 30,
                                     .max_frequency = 10000};

// Levels are 0 at 60 dB below the clip's loud parts.
constexpr double kFloor = 1e-3;
// Below this (16-bit scale) a clip counts as silent.
constexpr float kSilence = 1.0F;

// Frames compared lie that far apart: a window's length is four hops.
constexpr int64_t kLag = 2;

void to_log_levels(audio::MelSpectrogram& mel) {
  const double loud = std::max(quantile(mel.values, 0.999), double{kSilence});
  for (float& value : mel.values) {
    value = static_cast<float>(std::log1p(value / (kFloor * loud)) / std::log1p(1 / kFloor));
  }
}

float largest_beside(std::span<const float> row, size_t i) {
  float largest = row[i];
  if (i > 0) largest = std::max(largest, row[i - 1]);
  if (i + 1 < row.size()) largest = std::max(largest, row[i + 1]);
  return largest;
}

}  // namespace

OnsetStrength onset_strength(const audio::Waveform& sound, const Job& job) {
  OnsetStrength onset{.rate_hz = double{kJudgeRate} / kGrid.hop_length(), .values = {}};
  const std::vector<float> signal = judged_signal(sound, job);
  if (signal.empty()) return onset;
  audio::MelSpectrogram mel =
      audio::encode_spectrogram({.sample_rate = kJudgeRate, .samples = {signal}}, kGrid, job);
  const bool silent = std::ranges::none_of(mel.values, [](float v) { return v > kSilence; });
  onset.values.assign(static_cast<size_t>(mel.frames), 0.0F);
  if (silent) return onset;
  to_log_levels(mel);
  for (int64_t t = kLag; t < mel.frames; ++t) {
    const std::span<const float> now = std::as_const(mel).frame(0, t);
    const std::span<const float> before = std::as_const(mel).frame(0, t - kLag);
    float sum = 0;
    for (size_t i = 0; i < now.size(); ++i) {
      sum += std::max(0.0F, now[i] - largest_beside(before, i));
    }
    onset.values[static_cast<size_t>(t)] = sum / static_cast<float>(now.size());
  }
  return onset;
}

double onset_correlation(const OnsetStrength& a, const OnsetStrength& b, double tolerance_s) {
  const auto shifts = static_cast<size_t>(std::lround(tolerance_s * a.rate_hz));
  const std::span<const float> x(a.values);
  const std::span<const float> y(b.values);
  double best = -1;
  for (size_t shift = 0; shift <= shifts; ++shift) {
    if (shift >= x.size() || shift >= y.size()) break;
    best = std::max({best, correlation(x.subspan(shift), y), correlation(x, y.subspan(shift))});
  }
  return best;
}

}  // namespace riffle::eval
