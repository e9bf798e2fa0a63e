// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "pipelines/sound_latents.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

Geometry small_geometry() {
  Geometry geometry;
  geometry.codec.sample_rate = 22050;
  geometry.codec.step_size_ms = 20;
  geometry.codec.padded_duration_ms = 200;
  geometry.codec.num_frequencies = 64;
  return geometry;
}

audio::MelSpectrogram noise_mel(int64_t frames, const Geometry& geometry, int channels = 1) {
  audio::Waveform noise{.sample_rate = geometry.codec.sample_rate, .samples = {}};
  std::mt19937 random(3);
  for (int c = 0; c < channels; ++c) {
    auto& samples =
        noise.samples.emplace_back(static_cast<size_t>(geometry.codec.samples_of(frames)));
    for (float& x : samples) x = static_cast<float>(random()) / 4294967296.0F - 0.5F;
  }
  audio::SpectrogramParams params = geometry.codec;
  params.stereo = channels == 2;
  return audio::encode_spectrogram(noise, params);
}

TEST(SoundOfMel, IsExactlyAsLongAsAskedFor) {
  const Geometry geometry = small_geometry();
  const audio::MelSpectrogram mel = noise_mel(40, geometry);
  const int64_t most = geometry.codec.samples_of(40);
  for (const int64_t samples : {int64_t{1}, int64_t{440}, most - 1, most}) {
    const auto sound = sound_of_mel(mel, geometry, samples, {.iterations = 1}, {});
    EXPECT_EQ(sound.frames(), samples);
  }
  EXPECT_RIFFLE_ERROR(sound_of_mel(mel, geometry, most + 1, {.iterations = 1}, {}),
                      ErrorCode::Internal, "samples wanted");
  for (const int channels : {1, 2}) {
    const audio::MelSpectrogram loop = noise_mel(40, geometry, channels);
    for (const int64_t samples :
         {int64_t{600}, int64_t{40 * 441 - 200}, int64_t{40 * 441}, int64_t{40 * 441 + 219}}) {
      const auto sound =
          sound_of_mel(loop, geometry, samples, {.iterations = 1, .circular = true}, {});
      EXPECT_EQ(sound.frames(), samples);
      EXPECT_EQ(sound.channels(), channels);
    }
  }
}

// A steady noise goes on as loud across the end of a loop as inside.
TEST(SoundOfMel, LoopsKeepTheirLevelAcrossTheEnd) {
  const Geometry geometry = small_geometry();
  const audio::MelSpectrogram mel = noise_mel(100, geometry);
  const int64_t samples = 100 * 441 - 137;
  const auto sound = sound_of_mel(mel, geometry, samples, {.iterations = 8, .circular = true}, {});
  const std::vector<float>& loop = sound.samples[0];
  const int64_t fade = geometry.codec.win_length() / 2;
  const double whole = test::rms(loop);
  // Where beginning and end are faded into each other.
  EXPECT_NEAR(test::decibels(test::rms(loop, fade / 4, 3 * fade / 4) / whole), 0, 1.5);
}

// The pitch of a loop is that of its spectrogram, however far the length is from whole hops.
TEST(SoundOfMel, ShortLoopsKeepTheirPitch) {
  const Geometry geometry = small_geometry();
  constexpr double kHz = 1000;
  audio::Waveform tone{.sample_rate = 22050, .samples = {std::vector<float>(22050)}};
  for (size_t i = 0; i < tone.samples[0].size(); ++i) {
    tone.samples[0][i] = static_cast<float>(
        0.3 * std::sin(2 * std::numbers::pi * kHz * static_cast<double>(i) / 22050));
  }
  const audio::MelSpectrogram long_mel = audio::encode_spectrogram(tone, geometry.codec);
  audio::MelSpectrogram mel(1, 8, long_mel.rows);
  for (int64_t t = 0; t < 8; ++t) {
    std::ranges::copy(long_mel.frame(0, t + 10), mel.frame(0, t).begin());
  }
  const auto pitch = [&](int64_t samples) {
    const auto sound =
        sound_of_mel(mel, geometry, samples, {.iterations = 32, .circular = true}, {});
    const std::vector<float>& x = sound.samples[0];
    int64_t crossings = 0;
    for (size_t i = 1; i < x.size(); ++i) crossings += x[i - 1] < 0 && x[i] >= 0 ? 1 : 0;
    return static_cast<double>(crossings) * 22050 / static_cast<double>(samples);
  };
  const double whole_hops = pitch(8 * 441);
  EXPECT_NEAR(pitch(8 * 441 - 219), whole_hops, 10);
  EXPECT_NEAR(pitch(8 * 441 + 219), whole_hops, 10);
}

TEST(Sharpened, MakesRowsSteeperAndLeavesFlatOnesAlone) {
  const at::Tensor flat = at::full({1, 1, 6, 4}, 0.3F);
  EXPECT_LT((sharpened(flat, 0.5) - flat).abs().max().item<float>(), 1e-6);
  at::Tensor line = at::zeros({1, 1, 6, 1});
  line[0][0][3] = 1;
  const at::Tensor steeper = sharpened(line, 0.5).flatten();
  const at::Tensor expected = at::tensor({0.0F, 0.0F, -0.25F, 1.5F, -0.25F, 0.0F});
  EXPECT_LT((steeper - expected).abs().max().item<float>(), 1e-6);
  EXPECT_TRUE(sharpened(line, 0).equal(line));
  EXPECT_EQ(sharpening_of({{"guidance", 3}}, "here"), 0);
  EXPECT_EQ(sharpening_of({{"sharpening", 0.5}}, "here"), 0.5);
  EXPECT_RIFFLE_ERROR(sharpening_of({{"sharpening", -1}}, "here"), ErrorCode::BadFile,
                      "here: \"sharpening\": expected 0 to 4, got -1");
}

}  // namespace
}  // namespace riffle::pipelines
