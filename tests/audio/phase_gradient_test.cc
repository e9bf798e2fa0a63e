// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/phase_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "audio/codec_signals.h"
#include "audio/stft.h"

namespace riffle::audio {
namespace {

constexpr StftGeometry kGeometry{.win = 1000, .hop = 100, .n_fft = 2000};
constexpr int kBins = 1001;

// Spectrum of frames whose window starts at t * hop.
std::vector<std::complex<float>> frames_of(const std::vector<float>& samples, int64_t frames) {
  const RealFft fft(kGeometry.n_fft);
  const auto window = hann_window(kGeometry.win);
  AlignedBuffer<float> time(static_cast<size_t>(kGeometry.n_fft));
  AlignedBuffer<std::complex<float>> spectrum(kBins);
  std::vector<std::complex<float>> all;
  for (int64_t t = 0; t < frames; ++t) {
    for (int i = 0; i < kGeometry.win; ++i) {
      time[static_cast<size_t>(i)] =
          samples[static_cast<size_t>(t * kGeometry.hop + i)] * window[static_cast<size_t>(i)];
    }
    fft.forward(time.data(), spectrum.data());
    all.insert(all.end(), spectrum.data(), spectrum.data() + kBins);
  }
  return all;
}

// For a steady tone the integrated phases equal the true ones but for one constant.
TEST(PhaseGradient, FollowsASteadyTone) {
  const int64_t frames = 60;
  const auto truth = frames_of(test::sine(1500, 0.5, 8000, 20000).samples[0], frames);
  std::vector<float> magnitude(truth.size());
  for (size_t i = 0; i < truth.size(); ++i) magnitude[i] = std::abs(truth[i]);
  std::vector<float> phase(truth.size());
  integrate_phase_gradient(magnitude, frames, kBins, kGeometry, {.seed = 3}, phase);
  std::complex<double> agreement = 0;
  double total = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    agreement +=
        std::conj(std::complex<double>(truth[i])) * std::polar<double>(magnitude[i], phase[i]);
    total += static_cast<double>(magnitude[i]) * magnitude[i];
  }
  EXPECT_GT(std::abs(agreement) / total, 0.97);
}

TEST(PhaseGradient, ContinuesKnownFrames) {
  const int64_t frames = 60;
  const auto truth = frames_of(test::sine(1500, 0.5, 8000, 20000).samples[0], frames);
  std::vector<float> magnitude(truth.size());
  std::vector<float> phase(truth.size());
  for (size_t i = 0; i < truth.size(); ++i) {
    magnitude[i] = std::abs(truth[i]);
    if (i < 20 * kBins) phase[i] = std::arg(truth[i]);
  }
  integrate_phase_gradient(magnitude, frames, kBins, kGeometry, {.seed = 3, .known_frames = 20},
                           phase);
  const size_t peak = 55 * kBins + 150;  // 1500 Hz at 10 Hz a bin
  EXPECT_LT(std::abs(std::polar(1.0F, phase[peak]) - truth[peak] / std::abs(truth[peak])), 0.3);
  EXPECT_EQ(phase[19 * kBins + 150], std::arg(truth[19 * kBins + 150]));
}

TEST(PhaseGradient, SilenceGivesFinitePhases) {
  const std::vector<float> magnitude(10 * kBins);
  std::vector<float> phase(magnitude.size());
  integrate_phase_gradient(magnitude, 10, kBins, kGeometry, {}, phase);
  for (const float p : phase) ASSERT_TRUE(std::isfinite(p));
}

}  // namespace
}  // namespace riffle::audio
