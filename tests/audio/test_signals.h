// SPDX-License-Identifier: GPL-3.0-or-later
// Sounds made for tests, and measures to compare sounds with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "audio/waveform.h"

namespace riffle::audio::test {

inline std::vector<float> sine(int64_t frames, double hz, int sample_rate, double amplitude = 0.5) {
  std::vector<float> samples(static_cast<size_t>(frames));
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<float>(
        amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / sample_rate));
  }
  return samples;
}

inline std::vector<float> noise(int64_t frames, float amplitude, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> samples(static_cast<size_t>(frames));
  for (float& x : samples) {
    x = amplitude * (static_cast<float>(random()) / 2147483648.0F - 1.0F);
  }
  return samples;
}

// Every channel a sine of its own pitch (300, 420, 540, ... Hz) with a little noise.
inline Waveform tones(int channels, int64_t frames, int sample_rate) {
  Waveform sound{sample_rate, {}};
  for (int c = 0; c < channels; ++c) {
    auto channel = sine(frames, 300.0 + 120.0 * c, sample_rate, 0.4);
    const auto hiss = noise(frames, 0.02F, static_cast<uint32_t>(c + 1));
    for (size_t i = 0; i < channel.size(); ++i) channel[i] += hiss[i];
    sound.samples.push_back(std::move(channel));
  }
  return sound;
}

inline double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

// 1 for equal shapes; 0 where one of them is silent.
inline double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  const double scale = std::sqrt(dot(a, a) * dot(b, b));
  return scale > 0 ? dot(a, b) / scale : 0;
}

inline float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

inline float peak(const std::vector<float>& samples) {
  float largest = 0;
  for (const float x : samples) largest = std::max(largest, std::abs(x));
  return largest;
}

}  // namespace riffle::audio::test
