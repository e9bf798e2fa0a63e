// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/widen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "audio/test_signals.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

constexpr int kRate = 44100;

// The part in which the channels differ.
std::vector<float> side_of(const Waveform& wide) {
  std::vector<float> side = wide.samples[0];
  for (size_t i = 0; i < side.size(); ++i) side[i] = (side[i] - wide.samples[1][i]) / 2;
  return side;
}

double level(const std::vector<float>& samples) { return std::sqrt(test::dot(samples, samples)); }

TEST(Widen, ChannelsAddUpToTheSound) {
  const Waveform mono{kRate, {test::noise(kRate, 0.5F, 1)}};
  const Waveform wide = widened(mono, 0.7, false);
  ASSERT_EQ(wide.channels(), 2);
  std::vector<float> mid = wide.samples[0];
  for (size_t i = 0; i < mid.size(); ++i) mid[i] = (mid[i] + wide.samples[1][i]) / 2;
  EXPECT_LT(test::largest_difference(mid, mono.samples[0]), 1e-6F);
}

TEST(Widen, CorrelationFollowsTheWidth) {
  const Waveform mono{kRate, {test::noise(4 * kRate, 0.5F, 2)}};
  for (const double width : {0.0, 0.3, 0.6, 1.0}) {
    const Waveform wide = widened(mono, width, false);
    EXPECT_NEAR(test::correlation(wide.samples[0], wide.samples[1]),
                (1 - width * width) / (1 + width * width), 0.05)
        << width;
    EXPECT_NEAR(test::correlation(side_of(wide), mono.samples[0]), 0, 0.05) << width;
  }
  EXPECT_EQ(widened(mono, 0, false).samples[1], mono.samples[0]);
}

TEST(Widen, BassStaysInTheMiddle) {
  const Waveform bass{kRate, {test::sine(kRate, 50, kRate)}};
  EXPECT_LT(level(side_of(widened(bass, 1, true))), 0.1 * level(bass.samples[0]));
}

TEST(Widen, AnAttackIsNotHeardTwice) {
  Waveform click{kRate, {std::vector<float>(kRate, 0)}};
  click.samples[0][1000] = 1;
  const std::vector<float> side = side_of(widened(click, 1, false));
  for (size_t i = 0; i < side.size(); ++i) {
    if (i < 1000 + kRate / 1000 - 1 || i > 1000 + kRate / 25) {
      EXPECT_LT(std::abs(side[i]), 1e-3F) << i;
    }
    EXPECT_LT(std::abs(side[i]), 0.5F) << i;
  }
}

// Turned around, a loop is the same loop.
TEST(Widen, LoopsGoRound) {
  for (const int64_t frames : {int64_t{kRate}, int64_t{500}}) {
    const Waveform loop{kRate, {test::noise(frames, 0.5F, 3)}};
    Waveform turned = loop;
    const auto by = static_cast<std::ptrdiff_t>(frames / 3);
    std::ranges::rotate(turned.samples[0], turned.samples[0].begin() + by);
    Waveform wide = widened(loop, 0.5, true);
    std::ranges::rotate(wide.samples[0], wide.samples[0].begin() + by);
    EXPECT_LT(test::largest_difference(wide.samples[0], widened(turned, 0.5, true).samples[0]),
              1e-5F)
        << frames;
  }
}

TEST(Widen, RefusesWhatMakesNoSense) {
  EXPECT_RIFFLE_ERROR(widened({kRate, {{0}, {0}}}, 0.5, false), ErrorCode::InvalidArgument,
                      "one channel");
  EXPECT_RIFFLE_ERROR(widened({kRate, {{0}}}, 1.5, false), ErrorCode::InvalidArgument, "width");
  EXPECT_EQ(widened({kRate, {{}}}, 0.5, true).frames(), 0);
}

}  // namespace
}  // namespace riffle::audio
