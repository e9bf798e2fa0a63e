// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/signal.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audio/downmix.h"
#include "audio/resample.h"

namespace riffle::eval {

std::vector<float> judged_signal(const audio::Waveform& sound, const Job& job) {
  if (sound.frames() == 0) return {};
  const audio::Waveform mono = audio::mix_channels(sound, audio::kUnknownLayout, 1);
  return audio::resample(mono, kJudgeRate, job).samples[0];
}

double mean_of(std::span<const float> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double correlation(std::span<const float> a, std::span<const float> b) {
  const size_t count = std::min(a.size(), b.size());
  a = a.first(count);
  b = b.first(count);
  const double mean_a = mean_of(a);
  const double mean_b = mean_of(b);
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (size_t i = 0; i < count; ++i) {
    const double x = a[i] - mean_a;
    const double y = b[i] - mean_b;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  const double scale = std::sqrt(aa * bb);
  return scale > 1e-12 ? ab / scale : 0;
}

double quantile(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  const double part = place - static_cast<double>(below);
  return (1 - part) * values[below] + part * values[above];
}

}  // namespace riffle::eval
