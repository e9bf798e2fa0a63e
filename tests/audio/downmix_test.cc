// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/downmix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audio/format_limits.h"
#include "audio/test_signals.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

using Gains = std::vector<std::vector<float>>;

TEST(Downmix, MonoIsTheMeanOfAllChannels) {
  EXPECT_EQ(mix_gains(2, kUnknownLayout, 1), (Gains{{0.5F, 0.5F}}));
  EXPECT_EQ(mix_gains(4, kUnknownLayout, 1), (Gains{{0.25F, 0.25F, 0.25F, 0.25F}}));
  const Waveform mixed = mix_channels({44100, {{1, 0.5F}, {0, -1}}}, kUnknownLayout, 1);
  EXPECT_EQ(mixed.samples, (Gains{{0.5F, -0.25F}}));
}

TEST(Downmix, MonoToStereoAndEqualNumbers) {
  const Waveform mono{44100, {{1, 2, 3}}};
  EXPECT_EQ(mix_channels(mono, kUnknownLayout, 2).samples, (Gains{{1, 2, 3}, {1, 2, 3}}));
  const Waveform three = test::tones(3, 10, 44100);
  EXPECT_EQ(mix_channels(three, kUnknownLayout, 3).samples, three.samples);
}

TEST(Downmix, FivePointOneToStereo) {
  // L R C LFE Ls Rs: 1, 0.7071 and 0.7071 share a row; LFE has none.
  const float scale = 1.0F / (1.0F + 2 * std::sqrt(0.5F));
  const float other = std::sqrt(0.5F) * scale;
  const Gains gains = mix_gains(6, default_layout(6), 2);
  const Gains expected = {{scale, 0, other, 0, other, 0}, {0, scale, other, 0, 0, other}};
  for (size_t side = 0; side < 2; ++side) {
    for (size_t c = 0; c < 6; ++c) {
      EXPECT_NEAR(gains[side][c], expected[side][c], 1e-6) << side << ", " << c;
    }
  }
  using namespace speaker;
  const ChannelMask sides =
      kFrontLeft | kFrontRight | kFrontCentre | kLowFrequency | kSideLeft | kSideRight;
  EXPECT_EQ(mix_gains(6, sides, 2), gains);
  EXPECT_EQ(mix_gains(6, kUnknownLayout, 2), gains);
}

TEST(Downmix, ManyUnknownChannelsAlternate) {
  const Gains gains = mix_gains(9, kUnknownLayout, 2);
  for (size_t c = 0; c < 9; ++c) {
    EXPECT_FLOAT_EQ(gains[c % 2][c], c % 2 == 0 ? 0.2F : 0.25F);
    EXPECT_EQ(gains[1 - c % 2][c], 0.0F);
  }
}

// The law of all mixes: what stays within full scale stays within it.
TEST(Downmix, CannotClip) {
  for (int from = 1; from <= kMaxChannels; ++from) {
    for (const int to : {1, 2, 3, 6}) {
      if (from == to) continue;
      for (const auto& row : mix_gains(from, kUnknownLayout, to)) {
        EXPECT_LE(std::accumulate(row.begin(), row.end(), 0.0F), 1.0F + 1e-5F)
            << from << " to " << to;
      }
    }
  }
}

TEST(Downmix, MoreThanTwoBeginWithStereo) {
  const Waveform sound = test::tones(6, 100, 44100);
  const Waveform stereo = mix_channels(sound, kUnknownLayout, 2);
  const Waveform four = mix_channels(sound, kUnknownLayout, 4);
  ASSERT_EQ(four.channels(), 4);
  EXPECT_EQ(four.samples[0], stereo.samples[0]);
  EXPECT_EQ(four.samples[1], stereo.samples[1]);
  EXPECT_EQ(test::peak(four.samples[2]) + test::peak(four.samples[3]), 0.0F);
}

TEST(Downmix, RefusesImpossibleNumbers) {
  EXPECT_RIFFLE_ERROR(mix_gains(0, kUnknownLayout, 2), ErrorCode::InvalidArgument, "0 channels");
  EXPECT_RIFFLE_ERROR(mix_gains(2, kUnknownLayout, 65), ErrorCode::InvalidArgument, "65 channels");
}

// The numbers are those of Python's audioop.tomono(..., 2, 0.5, 0.5).
TEST(Int16Mono, EqualsAudioop) {
  const std::vector<int> left = {0, 1, -1, -32768, 32767, 3, -3, 100, -101};
  const std::vector<int> right = {1, 1, 0, -32768, 32767, -4, -4, -101, -100};
  const std::vector<float> mono = {0, 1, -1, -32768, 32767, -1, -4, -1, -101};
  Waveform sound{44100, {{}, {}}};
  for (size_t i = 0; i < left.size(); ++i) {
    sound.samples[0].push_back(static_cast<float>(left[i]) / 32768.0F);
    sound.samples[1].push_back(static_cast<float>(right[i]) / 32768.0F);
  }
  EXPECT_EQ(mix_to_mono_int16(sound), mono);
}

TEST(Int16Mono, MoreChannelsAreFlooredOneByOne) {
  // pydub: the sum of x // 3.
  const Waveform sound{44100, {{4 / 32768.0F}, {-1 / 32768.0F}, {5 / 32768.0F}}};
  EXPECT_EQ(mix_to_mono_int16(sound), (std::vector<float>{1 - 1 + 1}));
  const Waveform one{44100, {{0.25F}}};
  EXPECT_EQ(mix_to_mono_int16(one), (std::vector<float>{8192}));
}

TEST(Int16Scale, RoundsToEvenAndSaturates) {
  const float step = 1 / 32768.0F;
  EXPECT_EQ(to_int16_scale({0.5F * step, 1.5F * step, -0.5F * step, 0.6F * step, 1.0F, -1.5F}),
            (std::vector<float>{0, 2, -0.0F, 1, 32767, -32768}));
}

}  // namespace
}  // namespace riffle::audio
