// SPDX-License-Identifier: GPL-3.0-or-later
// Little pieces of music with every fact known, for the judges to find.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "audio/waveform.h"

namespace riffle::eval::test {

inline constexpr int kRate = 22050;

inline audio::Waveform silence(double seconds, int rate = kRate) {
  return {.sample_rate = rate,
          .samples = {std::vector<float>(static_cast<size_t>(seconds * rate), 0.0F)}};
}

inline audio::Waveform noise(double seconds, uint32_t seed, double amplitude = 0.1) {
  audio::Waveform sound = silence(seconds);
  std::mt19937 random(seed);
  for (float& sample : sound.samples[0]) {
    sample = static_cast<float>(amplitude * (static_cast<double>(random()) / 2147483648.0 - 1));
  }
  return sound;
}

// Adds a note of six falling partials. key: MIDI.
inline void add_note(audio::Waveform& sound, double start_s, double length_s, double key,
                     double amplitude = 0.1) {
  const double hz = 440 * std::exp2((key - 69) / 12);
  const auto first = static_cast<int64_t>(start_s * sound.sample_rate);
  const auto count = static_cast<int64_t>(length_s * sound.sample_rate);
  for (int64_t i = 0; i < count && first + i < sound.frames(); ++i) {
    const double t = static_cast<double>(i) / sound.sample_rate;
    const double fade = std::min({1.0, t * 200, (length_s - t) * 50}) * std::exp(-2 * t);
    double value = 0;
    for (int partial = 1; partial <= 6; ++partial) {
      value += std::sin(2 * std::numbers::pi * hz * partial * t) / (partial * partial);
    }
    sound.samples[0][static_cast<size_t>(first + i)] +=
        static_cast<float>(amplitude * fade * value);
  }
}

// Adds a stroke of noise that dies away.
inline void add_stroke(audio::Waveform& sound, double start_s, double amplitude,
                       double decay_s = 0.03) {
  std::mt19937 random(static_cast<uint32_t>(start_s * 1000) + 1);
  const auto first = static_cast<int64_t>(start_s * sound.sample_rate);
  const auto count = static_cast<int64_t>(decay_s * 5 * sound.sample_rate);
  for (int64_t i = 0; i < count && first + i < sound.frames(); ++i) {
    const double t = static_cast<double>(i) / sound.sample_rate;
    const double value = static_cast<double>(random()) / 2147483648.0 - 1;
    sound.samples[0][static_cast<size_t>(first + i)] +=
        static_cast<float>(amplitude * std::exp(-t / decay_s) * value);
  }
}

// A drum pattern of 4/4: kick on one and three, snare on two and four, hats on eighths of which the
// second of each pair comes late by `swing` of an eighth.
inline audio::Waveform groove(double bpm, double seconds, double swing = 0) {
  audio::Waveform sound = silence(seconds);
  const double beat_s = 60 / bpm;
  for (int beat = 0; beat * beat_s < seconds; ++beat) {
    const double start_s = beat * beat_s;
    if (beat % 2 == 0)
      add_note(sound, start_s, 0.15, 30, 0.6);
    else
      add_stroke(sound, start_s, 0.3, 0.06);
    add_stroke(sound, start_s, 0.1);
    add_stroke(sound, start_s + beat_s / 2 * (1 + swing), 0.1);
  }
  return sound;
}

// Four triads of the scale, a beat of half a second each, then again, over a bass. steps: semitones
// of the seven degrees above the tonic (MIDI).
inline audio::Waveform cadence(int tonic, const std::vector<int>& steps, double seconds = 6) {
  audio::Waveform sound = silence(seconds);
  const std::vector<int> degrees = {0, 3, 4, 0};
  const auto key_of = [&](int degree) {
    return tonic + 12 * (degree / 7) + steps[static_cast<size_t>(degree % 7)];
  };
  for (int i = 0; i * 0.5 < seconds; ++i) {
    const int degree = degrees[static_cast<size_t>(i) % degrees.size()];
    for (const int third : {0, 2, 4}) add_note(sound, i * 0.5, 0.5, key_of(degree + third), 0.08);
    add_note(sound, i * 0.5, 0.5, key_of(degree) - 12, 0.12);
  }
  return sound;
}

inline const std::vector<int> kMajorSteps = {0, 2, 4, 5, 7, 9, 11};
inline const std::vector<int> kMinorSteps = {0, 2, 3, 5, 7, 8, 10};
inline const std::vector<int> kDorianSteps = {0, 2, 3, 5, 7, 9, 10};

}  // namespace riffle::eval::test
