// SPDX-License-Identifier: GPL-3.0-or-later
// Sounds and measures the codec tests share.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "audio/mel_spectrogram.h"
#include "audio/waveform.h"

namespace riffle::test {

// A little music: decaying harmonic notes every quarter second over a quiet noise bed.
inline audio::Waveform little_tune(double seconds, int rate = 44100, int channels = 1,
                                   unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0, 0.003F);
  const auto frames = static_cast<size_t>(seconds * rate);
  audio::Waveform sound{rate, std::vector<std::vector<float>>(static_cast<size_t>(channels),
                                                              std::vector<float>(frames))};
  const double scale[] = {220, 261.6, 329.6, 392, 440, 523.3};
  for (size_t i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / rate;
    const auto note = static_cast<size_t>(t / 0.25);
    const double since = t - 0.25 * static_cast<double>(note);
    const double f = scale[(note * 7 + seed) % 6];
    double v = 0;
    for (int h = 1; h <= 6; ++h)
      v += std::sin(2 * std::numbers::pi * f * h * t + h) / h * std::exp(-3.0 * h * since);
    v *= 0.25 * std::min(1.0, since * 200);
    for (size_t c = 0; c < sound.samples.size(); ++c) {
      sound.samples[c][i] = static_cast<float>(v * (c == 0 ? 1.0 : 0.6)) + noise(random);
    }
  }
  return sound;
}

inline audio::Waveform sine(double hz, double amplitude, int64_t frames, int rate = 44100) {
  audio::Waveform sound{rate, {std::vector<float>(static_cast<size_t>(frames))}};
  for (size_t i = 0; i < sound.samples[0].size(); ++i) {
    sound.samples[0][i] = static_cast<float>(
        amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  }
  return sound;
}

// |a - b| / |b| with the gain of a fitted: spectral convergence.
inline double convergence(const audio::MelSpectrogram& a, const audio::MelSpectrogram& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < b.values.size(); ++i) {
    ab += static_cast<double>(a.values[i]) * b.values[i];
    aa += static_cast<double>(a.values[i]) * a.values[i];
    bb += static_cast<double>(b.values[i]) * b.values[i];
  }
  const double gain = aa > 0 ? ab / aa : 0;
  double error = 0;
  for (size_t i = 0; i < b.values.size(); ++i) {
    const double d = gain * a.values[i] - b.values[i];
    error += d * d;
  }
  return std::sqrt(error / bb);
}

inline double energy(const std::vector<float>& samples, size_t from, size_t count) {
  double sum = 0;
  for (size_t i = from; i < std::min(samples.size(), from + count); ++i)
    sum += static_cast<double>(samples[i]) * samples[i];
  return sum;
}

}  // namespace riffle::test
