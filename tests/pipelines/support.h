// SPDX-License-Identifier: GPL-3.0-or-later
// riff-tiny for pipeline tests: a whole model, with noise for weights; and sounds to give it.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "audio/audio_writer.h"
#include "audio/loudness.h"
#include "pipelines/music_model.h"
#include "pipelines/sampling.h"
#include "support/test_files.h"
#include "support/tiny_bundle.h"

namespace riffle::pipelines::test {

// 64 mel rows and short windows: the arithmetic of a tenth of a riff model.
inline constexpr const char* kSmallSpectrogram =
    R"({"num_frequencies": 64, "sample_rate": 22050, "step_size_ms": 20, "window_duration_ms": 100,
        "padded_duration_ms": 200})";

class TinyModel {
 public:
  explicit TinyModel(const char* spectrogram = kSmallSpectrogram,
                     const models::RiffModelOptions& options = {}) {
    riffle::test::make_tiny_bundle(folder_ / "riff-tiny", spectrogram);
    model_ = open_music_model(folder_ / "riff-tiny", options);
  }
  MusicModel& operator*() { return *model_; }
  MusicModel* operator->() { return model_.get(); }
  std::filesystem::path path() const { return folder_ / "riff-tiny"; }
  // For files of the test.
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  // A sound as a file, sample for sample.
  std::string sound_file(const std::string& name, const audio::Waveform& sound,
                         const audio::Tags& tags = {}) const {
    audio::write_audio(file(name), sound,
                       {.maybe_sample_type = audio::SampleType::Float32, .tags = tags});
    return file(name).string();
  }

 private:
  riffle::test::TemporaryFolder folder_;
  std::unique_ptr<MusicModel> model_;
};

// As few steps and rounds as show what is to be shown.
inline Sampling quick(int64_t seed, int64_t steps = 2) {
  return {
      .seed = seed, .scheduler = "ddim", .steps = steps, .guidance = 1.0, .decode_iterations = 4};
}

// Notes of three partials, a new one every quarter of a second, over a little noise: something
// with a level that is steady from second to second and with onsets.
inline audio::Waveform melody(int64_t frames, int rate, int channels = 1, double amplitude = 0.2) {
  audio::Waveform sound{.sample_rate = rate, .samples = {}};
  for (int c = 0; c < channels; ++c) {
    std::mt19937 random(static_cast<uint32_t>(c + 1));
    std::vector<float>& samples = sound.samples.emplace_back(static_cast<size_t>(frames));
    for (int64_t i = 0; i < frames; ++i) {
      const double t = static_cast<double>(i) / rate;
      const double since = std::fmod(t, 0.25);
      const double hz = 220 * std::exp2(std::fmod(std::floor(t * 4) * 7 + 3 * c, 24) / 12);
      double value = 0;
      for (int partial = 1; partial <= 3; ++partial) {
        value += std::sin(2 * std::numbers::pi * hz * partial * t) / partial;
      }
      const double hiss = static_cast<double>(random()) / 4294967296.0 - 0.5;
      samples[static_cast<size_t>(i)] =
          static_cast<float>(amplitude * (value * std::exp(-6 * since) + 0.02 * hiss));
    }
  }
  return sound;
}

// Steady tones at once.
inline audio::Waveform chord(const std::vector<double>& hz, int64_t frames, int rate) {
  audio::Waveform sound{.sample_rate = rate, .samples = {{}}};
  for (int64_t i = 0; i < frames; ++i) {
    double value = 0;
    for (const double tone : hz) {
      value += std::sin(2 * std::numbers::pi * tone * static_cast<double>(i) / rate);
    }
    sound.samples[0].push_back(static_cast<float>(0.1 * value));
  }
  return sound;
}

inline double rms(const std::vector<float>& samples, int64_t first, int64_t last) {
  double sum = 0;
  for (int64_t i = first; i < last; ++i) {
    const auto value = double{samples[static_cast<size_t>(i)]};
    sum += value * value;
  }
  return std::sqrt(sum / static_cast<double>(last - first));
}
inline double rms(const std::vector<float>& samples) {
  return rms(samples, 0, static_cast<int64_t>(samples.size()));
}

inline double decibels(double ratio) { return 20 * std::log10(ratio); }

inline double relative_error(const at::Tensor& got, const at::Tensor& expected) {
  return ((got - expected).norm() / expected.norm()).item<double>();
}

// Relative root mean square of the difference.
inline double relative_error(const std::vector<float>& got, const std::vector<float>& expected) {
  std::vector<float> difference(got.size());
  for (size_t i = 0; i < got.size(); ++i) difference[i] = got[i] - expected[i];
  return rms(difference) / rms(expected);
}

inline bool has_note(const std::vector<std::string>& notes, std::string_view part) {
  return std::ranges::any_of(
      notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

}  // namespace riffle::pipelines::test
