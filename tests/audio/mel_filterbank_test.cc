// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/mel_filterbank.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/safetensors_lite.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

// torchaudio computes the triangles in float32 from float32 mel points: differences of a few 1e-5
// of a weight, and a weight below 1e-4 at a triangle's foot may be there or not.
TEST(MelFilterbank, EqualsTorchaudio) {
  const test::SafetensorsLite golden(test::golden_file("codec.safetensors"));
  const auto columns = golden.values<int32_t>("filterbank_columns");
  const auto weights = golden.values<float>("filterbank");
  const auto sums = golden.values<float>("filterbank_sums");
  const MelFilterbank bank = MelFilterbank::make({});
  ASSERT_EQ(bank.bins(), 8821);
  ASSERT_EQ(bank.filters(), 512);
  for (size_t c = 0; c < columns.size(); ++c) {
    for (int k = 0; k < 8821; ++k) {
      ASSERT_NEAR(bank.weight(k, columns[c]), weights[c * 8821 + static_cast<size_t>(k)], 2e-4)
          << k << " " << columns[c];
    }
  }
  const std::vector<float> ones(8821, 1.0F);
  std::vector<float> mel(512);
  bank.apply(ones.data(), mel.data());
  for (size_t m = 0; m < 512; ++m) ASSERT_NEAR(mel[m], sums[m], 5e-4 * sums[m]) << m;
}

TEST(MelFilterbank, NoFilterIsEmptyAtTheDefaults) {
  const MelFilterbank bank = MelFilterbank::make({});
  EXPECT_EQ(bank.weight_count(), 7975);
  EXPECT_GT(bank.weight(1, 0), 0);
}

TEST(MelFilterbank, TransposeIsTheAdjoint) {
  const SpectrogramParams params{.num_frequencies = 64};
  const MelFilterbank bank = MelFilterbank::make(params);
  std::vector<float> a(static_cast<size_t>(bank.bins()));
  std::vector<float> m(64);
  for (size_t i = 0; i < a.size(); ++i) a[i] = std::sin(0.37F * static_cast<float>(i)) + 1.1F;
  for (size_t i = 0; i < m.size(); ++i) m[i] = std::cos(0.9F * static_cast<float>(i)) + 1.5F;
  std::vector<float> mel(64);
  std::vector<float> back(a.size());
  bank.apply(a.data(), mel.data());
  bank.apply_transposed(m.data(), back.data());
  double left = 0;
  double right = 0;
  for (size_t i = 0; i < m.size(); ++i) left += static_cast<double>(mel[i]) * m[i];
  for (size_t i = 0; i < a.size(); ++i) right += static_cast<double>(back[i]) * a[i];
  EXPECT_NEAR(left / right, 1.0, 1e-5);
}

TEST(MelFilterbank, AverageOfAConstantIsThatConstant) {
  const MelFilterbank bank = MelFilterbank::make({});
  const std::vector<float> twos(512, 2.0F);
  std::vector<float> back(8821);
  bank.average(twos.data(), back.data());
  EXPECT_EQ(back[0], 0.0F);  // 0 Hz lies under no filter
  for (size_t k = 1; k < 4000; ++k) ASSERT_NEAR(back[k], 2.0F, 1e-5) << k;
  EXPECT_EQ(back[5000], 0.0F);
}

// A coarser grid must give a smooth spectrum the same mel amplitudes as the codec's own grid.
TEST(MelFilterbank, ResampledFiltersAgreeOnSmoothSpectra) {
  const auto spectrum = [](double hz) {
    return static_cast<float>(1.0 + 0.5 * std::sin(hz / 300));
  };
  for (const auto& params :
       {SpectrogramParams{},
        SpectrogramParams{.step_size_ms = 20, .padded_duration_ms = 100, .num_frequencies = 128}}) {
    const MelFilterbank own = MelFilterbank::make(params);
    const double own_hz = static_cast<double>(params.sample_rate) / params.n_fft();
    const MelFilterbank other = MelFilterbank::resampled(params, 5.0, 2002);
    std::vector<float> a, b;
    for (int k = 0; k < own.bins(); ++k) a.push_back(spectrum(k * own_hz));
    for (int k = 0; k < 2002; ++k) b.push_back(spectrum(k * 5.0));
    std::vector<float> ma(static_cast<size_t>(own.filters()));
    std::vector<float> mb(ma.size());
    own.apply(a.data(), ma.data());
    other.apply(b.data(), mb.data());
    // Where the codec's own grid (10 Hz in the second case) is too coarse for the filters its sums
    // jump by themselves.
    for (size_t m = params.num_frequencies == 128 ? 40 : 0; m < ma.size(); ++m)
      ASSERT_NEAR(mb[m] / ma[m], 1.0, 0.03) << m;
  }
}

}  // namespace
}  // namespace riffle::audio
