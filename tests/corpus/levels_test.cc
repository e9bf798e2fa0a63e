// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/levels.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "audio/downmix.h"
#include "audio/spectrogram_encoder.h"

namespace riffle::corpus {
namespace {

audio::Waveform chord(int channels, int64_t frames) {
  audio::Waveform sound{44100, {}};
  for (int c = 0; c < channels; ++c) {
    std::vector<float> samples(static_cast<size_t>(frames));
    for (size_t i = 0; i < samples.size(); ++i) {
      const double t = 2 * std::numbers::pi * static_cast<double>(i) / 44100;
      samples[i] =
          static_cast<float>(0.3 * std::sin(440 * t) + 0.1 * std::sin((1000 + 500 * c) * t));
    }
    sound.samples.push_back(std::move(samples));
  }
  return sound;
}

TEST(Levels, AreTheEncodersAmplitudesAgainstTheLargest) {
  const auto params = default_spectrogram();
  const audio::Waveform sound = chord(2, 882 * 40 - 1);
  const Levels levels = levels_of(sound, params);
  const auto mel =
      audio::encode_spectrogram(audio::mix_channels(sound, audio::kUnknownLayout, 1), params);
  ASSERT_EQ(levels.levels.sizes(), (std::vector<int64_t>{256, 40}));
  EXPECT_EQ(levels.max_value, *std::max_element(mel.values.begin(), mel.values.end()));
  bool black = false;
  for (int64_t t = 0; t < 40; ++t) {
    for (int row = 0; row < 256; ++row) {
      const double part =
          static_cast<double>(mel.frame(0, t)[static_cast<size_t>(row)]) / levels.max_value;
      const int level = levels.levels[255 - row][t].item<uint8_t>();
      ASSERT_NEAR(level, 255 * (1 - std::pow(part, 0.25)), 0.501) << row << " " << t;
      black = black || level == 0;
    }
  }
  EXPECT_TRUE(black);
}

TEST(Levels, OtherParametersAndOtherPowers) {
  auto params = default_spectrogram();
  params.num_frequencies = 64;
  params.step_size_ms = 10;
  params.power_for_image = 0.5F;
  const audio::Waveform sound = chord(1, 44100);
  const Levels levels = levels_of(sound, params);
  const auto mel = audio::encode_spectrogram(sound, params);
  ASSERT_EQ(levels.levels.sizes(), (std::vector<int64_t>{64, 101}));
  const double part = static_cast<double>(mel.frame(0, 50)[20]) / levels.max_value;
  EXPECT_NEAR(levels.levels[63 - 20][50].item<uint8_t>(), 255 * (1 - std::sqrt(part)), 0.501);
}

TEST(Levels, SilenceIsWhite) {
  audio::Waveform sound{44100, {std::vector<float>(44100, 0.0F)}};
  const Levels levels = levels_of(sound, default_spectrogram());
  EXPECT_EQ(levels.max_value, 0);
  EXPECT_TRUE((levels.levels == 255).all().item<bool>());
}

TEST(Levels, TheDefaultIsTheSmallModels) {
  EXPECT_EQ(to_json(default_spectrogram()).dump(),
            R"({"stereo":false,"sample_rate":44100,"step_size_ms":20,"window_duration_ms":80,)"
            R"("padded_duration_ms":160,"num_frequencies":256,"min_frequency":20,)"
            R"("max_frequency":16000,"power_for_image":0.25})");
}

}  // namespace
}  // namespace riffle::corpus
