// SPDX-License-Identifier: GPL-3.0-or-later
// A cover of three minutes: at the borders of its windows nothing may be heard that is not heard
// everywhere.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "audio/stft.h"
#include "diffusion/windows.h"
#include "pipelines/cover.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

constexpr int kRate = 22050;
constexpr int kFrame = 512;
constexpr int kHop = 256;
constexpr int64_t kSide = 8;  // frames on each side of a place that are compared: 93 ms
constexpr int kBands = 16;

// Energies of bands over time, [frames][kBands].
std::vector<std::array<double, kBands>> bands_of(const std::vector<float>& samples) {
  const audio::Stft stft(kFrame, kFrame, kHop);
  const audio::ComplexSpectrogram spectrum = stft.forward(samples);
  std::vector<std::array<double, kBands>> bands(static_cast<size_t>(spectrum.frames));
  for (int64_t t = 0; t < spectrum.frames; ++t) {
    for (int bin = 0; bin < spectrum.bins; ++bin) {
      const int band = std::min(bin * kBands / spectrum.bins, kBands - 1);
      bands[static_cast<size_t>(t)][static_cast<size_t>(band)] +=
          std::norm(spectrum.values[static_cast<size_t>(t) * static_cast<size_t>(spectrum.bins) +
                                    static_cast<size_t>(bin)]);
    }
  }
  return bands;
}

struct Step {
  double level_db = 0;     // of the whole sound, of either sign
  double spectrum_db = 0;  // root mean square over the bands
};

// What changes from just before a frame to just after it.
std::vector<Step> steps_of(const std::vector<float>& samples) {
  const auto bands = bands_of(samples);
  std::vector<Step> steps;
  for (int64_t t = kSide; t + kSide <= std::ssize(bands); ++t) {
    std::array<double, kBands> before{};
    std::array<double, kBands> after{};
    double all_before = 1e-12;
    double all_after = 1e-12;
    for (int64_t i = 0; i < kSide; ++i) {
      for (size_t b = 0; b < kBands; ++b) {
        before[b] += bands[static_cast<size_t>(t - 1 - i)][b];
        after[b] += bands[static_cast<size_t>(t + i)][b];
      }
    }
    double sum = 0;
    for (size_t b = 0; b < kBands; ++b) {
      const double db = 10 * std::log10((after[b] + 1e-12) / (before[b] + 1e-12));
      sum += db * db;
      all_before += before[b];
      all_after += after[b];
    }
    steps.push_back({std::abs(10 * std::log10(all_after / all_before)), std::sqrt(sum / kBands)});
  }
  return steps;
}

// The mean of a step at some places, as a multiple of its mean everywhere.
struct Excess {
  double level = 0;
  double spectrum = 0;
};

Excess excess_at(const std::vector<float>& samples, const std::vector<int64_t>& places) {
  const std::vector<Step> steps = steps_of(samples);
  Step everywhere;
  for (const Step& step : steps) {
    everywhere.level_db += step.level_db / static_cast<double>(steps.size());
    everywhere.spectrum_db += step.spectrum_db / static_cast<double>(steps.size());
  }
  Excess excess;
  for (const int64_t place : places) {
    const int64_t t =
        std::clamp<int64_t>((place + kHop / 2) / kHop - kSide, 0, std::ssize(steps) - 1);
    const Step& step = steps[static_cast<size_t>(t)];
    const auto count = static_cast<double>(places.size());
    excess.level += step.level_db / everywhere.level_db / count;
    excess.spectrum += step.spectrum_db / everywhere.spectrum_db / count;
  }
  return excess;
}

audio::Waveform steady_noise(int64_t frames) {
  audio::Waveform sound{kRate, {std::vector<float>(static_cast<size_t>(frames))}};
  uint32_t state = 1;
  for (float& sample : sound.samples[0]) {
    state = state * 1664525U + 1013904223U;
    sample = 0.2F * (static_cast<float>(state >> 8) / 8388608.0F - 1);
  }
  return sound;
}

// Where windows begin and end, in samples.
std::vector<int64_t> borders_of(const Geometry& geometry, int64_t columns) {
  const diffusion::WindowPlan plan(columns, sample_options({}, geometry, false).windows);
  std::vector<int64_t> borders;
  for (int64_t k = 1; k < plan.count(); ++k) {
    const int64_t end = plan.starts()[static_cast<size_t>(k) - 1] + plan.window();
    borders.push_back(plan.starts()[static_cast<size_t>(k)] * geometry.samples_per_column());
    borders.push_back(end * geometry.samples_per_column());
  }
  return borders;
}

// Steady noise through a model of noise: the sound has no events of its own, so a step at the
// borders would stand out. The mean over n borders scatters by some 0.75 / sqrt(n) around 1; with
// over a hundred of them 1.25 is more than three deviations away.
TEST(Seams, ACoverOfThreeMinutesHasNone) {
  test::TinyModel model;
  const int64_t samples = 180 * kRate + 77;
  const std::string file = model.sound_file("noise.wav", steady_noise(samples));
  const auto clips =
      cover(*model, {.file = file, .prompt = "p", .strength = 0.7, .sampling = test::quick(1)});
  const audio::Waveform& sound = clips.at(0).sound;
  ASSERT_EQ(sound.frames(), samples);
  const std::vector<int64_t> borders = borders_of((*model).geometry(), clips[0].latents.size(-1));
  ASSERT_GT(borders.size(), 100U);
  constexpr double kMost = 1.25;
  const Excess excess = excess_at(sound.samples[0], borders);
  EXPECT_LT(excess.level, kMost);
  EXPECT_LT(excess.spectrum, kMost);
  RecordProperty("level", std::to_string(excess.level));
  RecordProperty("spectrum", std::to_string(excess.spectrum));

  // The measure sees seams where there are some: every other stretch 6 dB louder. (Less would be
  // lost in what such a model does everywhere.)
  std::vector<float> seamed = sound.samples[0];
  for (size_t b = 0; b + 1 < borders.size(); b += 2) {
    for (int64_t i = borders[b]; i < std::min(borders[b + 1], samples); ++i) {
      seamed[static_cast<size_t>(i)] *= 2.0F;
    }
  }
  EXPECT_GT(excess_at(seamed, borders).level, kMost);
  // And stretches that are joined though they do not belong together: what a piece sounds like
  // that is made window by window.
  std::vector<float> shuffled;
  const int64_t stretch = (*model).geometry().window_samples();
  std::vector<int64_t> joints;
  const int64_t pieces = samples / stretch;
  for (int64_t k = 0; k < pieces; ++k) {
    if (k > 0) joints.push_back(std::ssize(shuffled));
    const int64_t from = k * 37 % pieces * stretch;
    shuffled.insert(shuffled.end(), sound.samples[0].begin() + from,
                    sound.samples[0].begin() + from + stretch);
  }
  EXPECT_GT(excess_at(shuffled, joints).spectrum, kMost);
}

}  // namespace
}  // namespace riffle::pipelines
