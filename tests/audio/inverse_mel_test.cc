// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/inverse_mel.h"

#include <gtest/gtest.h>

#include <cmath>

#include "audio/codec_signals.h"
#include "audio/spectrogram_encoder.h"

namespace riffle::audio {
namespace {

double relative_error(const std::vector<float>& spectrum, const MelSpectrogram& mel,
                      const MelFilterbank& bank, int rows_to) {
  double error = 0;
  double total = 0;
  std::vector<float> present(static_cast<size_t>(mel.rows));
  for (int64_t t = 0; t < mel.frames; ++t) {
    bank.apply(spectrum.data() + t * bank.bins(), present.data());
    for (size_t m = 0; m < static_cast<size_t>(rows_to); ++m) {
      const double d = present[m] - mel.frame(0, t)[m];
      error += d * d;
      total += static_cast<double>(mel.frame(0, t)[m]) * mel.frame(0, t)[m];
    }
  }
  return std::sqrt(error / total);
}

TEST(InverseMel, ConvergesOnRealSpectraBassIncluded) {
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(0.5), {});
  const MelFilterbank bank = MelFilterbank::make({});
  const auto spectrum =
      inverse_mel(mel.values, mel.frames, bank, {.max_iterations = 400, .tolerance = 1e-5});
  for (const float v : spectrum) ASSERT_GE(v, 0.0F);
  EXPECT_LT(relative_error(spectrum, mel, bank, 512), 2e-3);
  EXPECT_LT(relative_error(spectrum, mel, bank, 65), 5e-3);
}

// The original's error grows with the picture's width, ours does not: the flaw is part of the
// compatibility.
TEST(InverseMelSgd, StopsShortInTheBassOfWidePictures) {
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(5.1), {});
  const MelFilterbank bank = MelFilterbank::make({});
  const auto spectrum = inverse_mel_sgd(mel, bank, {});
  const double bass = relative_error(spectrum, mel, bank, 65);
  EXPECT_GT(bass, 0.1);
  EXPECT_LT(bass, 0.6);
}

TEST(InverseMel, SilenceStaysSilent) {
  const MelFilterbank bank = MelFilterbank::make({});
  const std::vector<float> silence(512 * 3);
  for (const float v : inverse_mel(silence, 3, bank)) ASSERT_EQ(v, 0.0F);
}

}  // namespace
}  // namespace riffle::audio
