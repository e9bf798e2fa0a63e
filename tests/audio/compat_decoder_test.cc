// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/compat_decoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "audio/codec_signals.h"
#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "support/safetensors_lite.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

TEST(CompatFilters, EqualPythonsAudioop) {
  const test::SafetensorsLite golden(test::golden_file("codec.safetensors"));
  const auto in = golden.values<int32_t>("quiet");
  const auto expected = golden.values<int32_t>("quiet_filtered");
  std::vector<std::vector<int16_t>> samples(2);
  const size_t n = in.size() / 2;
  for (size_t i = 0; i < in.size(); ++i) samples[i / n].push_back(static_cast<int16_t>(in[i]));
  apply_filters_compat(samples);
  for (size_t i = 0; i < in.size(); ++i) ASSERT_EQ(samples[i / n][i % n], expected[i]) << i;
}

TEST(CompatFilters, SilenceStaysSilence) {
  std::vector<std::vector<int16_t>> samples{std::vector<int16_t>(100)};
  apply_filters_compat(samples);
  for (const int16_t v : samples[0]) EXPECT_EQ(v, 0);
  EXPECT_EQ(to_int16_peak({std::vector<float>(3)})[0], std::vector<int16_t>(3));
}

TEST(CompatDecoder, PeaksATenthOfADecibelBelowFullScale) {
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(0.5), {});
  const Waveform sound =
      decode_spectrogram_compat(mel, {}, {.max_mel_iters = 20, .num_griffin_lim_iters = 4});
  EXPECT_EQ(sound.frames(), 441 * (mel.frames - 1));
  float peak = 0;
  for (const float v : sound.samples[0]) {
    peak = std::max(peak, std::abs(v));
    ASSERT_EQ(v * 32768, std::round(v * 32768));
  }
  EXPECT_NEAR(20 * std::log10(peak), -0.1, 0.01);
}

// The original's figure for such a decode is 0.2 to 0.3 (16 dB to 11 dB below the target).
TEST(CompatDecoder, ReachesWhatTheOriginalReaches) {
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(2.0), {});
  const Waveform sound = decode_spectrogram_compat(mel, {}, {.apply_filters = false});
  const double error = test::convergence(encode_spectrogram(sound, {}), mel);
  EXPECT_LT(error, 0.35);
  EXPECT_GT(error, 0.02);
}

}  // namespace
}  // namespace riffle::audio
