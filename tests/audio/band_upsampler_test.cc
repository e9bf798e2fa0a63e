// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/band_upsampler.h"

#include <gtest/gtest.h>

#include "audio/codec_signals.h"

namespace riffle::audio {
namespace {

TEST(BandUpsampler, ASineKeepsItsSamples) {
  const StftGeometry low{.win = 2100, .hop = 210, .n_fft = 4200};
  BandUpsampler upsampler(low, 441);
  const Waveform in = test::sine(1234.5, 0.7, 210 * 60, 21000);
  const Waveform expected = test::sine(1234.5, 0.7, 441 * 60, 44100);
  std::vector<float> out;
  for (size_t at = 0; at < in.samples[0].size(); at += 1000) {
    const size_t count = std::min<size_t>(1000, in.samples[0].size() - at);
    const auto more =
        upsampler.push({in.samples[0].data() + at, count}, at + count == in.samples[0].size());
    out.insert(out.end(), more.begin(), more.end());
  }
  ASSERT_EQ(out.size(), expected.samples[0].size());
  for (size_t i = 2205; i + 2205 < out.size(); ++i)
    ASSERT_NEAR(out[i], expected.samples[0][i], 2e-4) << i;
}

}  // namespace
}  // namespace riffle::audio
