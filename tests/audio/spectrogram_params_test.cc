// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/spectrogram_params.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

TEST(SpectrogramParams, DerivedLengthsTruncate) {
  const SpectrogramParams p;
  EXPECT_EQ(p.n_fft(), 17640);
  EXPECT_EQ(p.win_length(), 4410);
  EXPECT_EQ(p.hop_length(), 441);
  EXPECT_EQ(p.stft_bins(), 8821);
  const SpectrogramParams half{.sample_rate = 22050};
  EXPECT_EQ(half.n_fft(), 8820);
  EXPECT_EQ(half.win_length(), 2205);
  EXPECT_EQ(half.hop_length(), 220);
}

TEST(SpectrogramParams, FramesAndSamples) {
  const SpectrogramParams p;
  EXPECT_EQ(p.samples_of(512), 225351);
  EXPECT_EQ(p.samples_of(568), 250047);
  EXPECT_EQ(p.samples_of(501), 220500);
  EXPECT_EQ(p.samples_of(1), 0);
  EXPECT_EQ(p.samples_of(0), 0);
  EXPECT_EQ(p.frames_of(250400), 568);
  EXPECT_EQ(p.frames_of(1), 1);
}

TEST(SpectrogramParams, ValidateNamesTheField) {
  const auto check = [](SpectrogramParams p, const char* field) {
    EXPECT_RIFFLE_ERROR(p.validate(), ErrorCode::InvalidArgument, field);
  };
  check({.sample_rate = 0}, "sample_rate");
  check({.step_size_ms = 0}, "step_size_ms");
  check({.window_duration_ms = 5}, "window_duration_ms");
  check({.padded_duration_ms = 50}, "padded_duration_ms");
  check({.num_frequencies = 0}, "num_frequencies");
  check({.num_frequencies = 100000}, "num_frequencies");
  check({.min_frequency = -1}, "min_frequency");
  check({.max_frequency = 30000}, "max_frequency");
  check({.min_frequency = 5000, .max_frequency = 5000}, "max_frequency");
  check({.power_for_image = 0}, "power_for_image");
  EXPECT_NO_THROW(SpectrogramParams{}.validate());
}

}  // namespace
}  // namespace riffle::audio
