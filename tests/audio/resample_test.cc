// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "audio/detail/blocks.h"
#include "audio/test_signals.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

struct Rates {
  int from;
  int to;
};

constexpr Rates kPairs[] = {{44100, 48000}, {48000, 44100}, {44100, 22050}, {22050, 44100},
                            {8000, 48000},  {96000, 44100}, {44100, 44099}, {1000, 768000},
                            {768000, 1000}, {11025, 32000}};

TEST(Resample, LengthRuleIsRoundedHalfUp) {
  EXPECT_EQ(resampled_frames(0, 44100, 48000), 0);
  EXPECT_EQ(resampled_frames(441, 44100, 48000), 480);
  EXPECT_EQ(resampled_frames(1, 48000, 24000), 1);  // 0.5
  EXPECT_EQ(resampled_frames(3, 48000, 24000), 2);  // 1.5
  EXPECT_EQ(resampled_frames(1, 48000, 23999), 0);
  EXPECT_EQ(resampled_frames(50000, 44100, 48000), 54422);  // 54421.77
  // A thousand hours do not overflow.
  EXPECT_EQ(resampled_frames(int64_t{3600000} * 768000, 768000, 767999), int64_t{3600000} * 767999);
}

TEST(Resample, EveryLengthIsExact) {
  for (const Rates& rates : kPairs) {
    for (const int64_t frames : {0, 1, 2, 3, 100, 1023, 4410, 10007}) {
      const Waveform out = resample(test::tones(2, frames, rates.from), rates.to);
      EXPECT_EQ(out.frames(), resampled_frames(frames, rates.from, rates.to))
          << frames << " from " << rates.from << " to " << rates.to;
      EXPECT_EQ(out.sample_rate, rates.to);
      EXPECT_EQ(out.channels(), 2);
    }
  }
}

// A tone anywhere in the passband keeps its amplitude, and its phase: no delay, no drift.
TEST(Resample, ThePassbandIsFlat) {
  for (const Rates& rates : {Rates{44100, 48000}, Rates{48000, 44100}, Rates{44100, 22050},
                             Rates{22050, 44100}, Rates{96000, 44100}, Rates{44100, 44099}}) {
    const double nyquist = std::min(rates.from, rates.to) / 2.0;
    for (const double part : {0.01, 0.1, 0.5, 0.9}) {
      const double hz = nyquist * part;
      const Waveform in{rates.from, {test::sine(rates.from, hz, rates.from, 0.9)}};
      const Waveform out = resample(in, rates.to);
      const auto expected = test::sine(out.frames(), hz, rates.to, 0.9);
      // Away from both ends, where the sine begins and stops at once.
      float error = 0;
      for (int64_t i = rates.to / 10; i < out.frames() - rates.to / 10; ++i) {
        error = std::max(error, std::abs(out.samples[0][static_cast<size_t>(i)] -
                                         expected[static_cast<size_t>(i)]));
      }
      // libsoxr keeps time to 5e-6 periods a sample where the ratio is not simple.
      EXPECT_LT(error, 1e-5) << rates.from << " to " << rates.to << " at " << hz << " Hz";
    }
  }
}

TEST(Resample, WhatIsAboveTheNewNyquistFrequencyIsGone) {
  const Waveform in{48000, {test::sine(48000, 13000, 48000, 0.9)}};
  const Waveform out = resample(in, 24000);
  const std::vector<float> inside(out.samples[0].begin() + 2400, out.samples[0].end() - 2400);
  EXPECT_LT(test::peak(inside), 1e-5);
}

TEST(Resample, AnImpulseStaysInItsPlace) {
  for (const Rates& rates :
       {Rates{48000, 24000}, Rates{24000, 48000}, Rates{44100, 48000}, Rates{48000, 44100}}) {
    Waveform in{rates.from, {std::vector<float>(static_cast<size_t>(rates.from))}};
    in.samples[0][static_cast<size_t>(rates.from / 2)] = 1;
    const auto out = resample(in, rates.to).samples[0];
    const auto largest = std::max_element(out.begin(), out.end()) - out.begin();
    EXPECT_EQ(largest, rates.to / 2);
    // Linear phase: the same on both sides.
    const auto middle = static_cast<size_t>(rates.to / 2);
    for (size_t i = 1; i < 100; ++i) EXPECT_NEAR(out[middle - i], out[middle + i], 1e-5);
  }
}

TEST(Resample, BlocksAreTheWhole) {
  for (const Rates& rates : kPairs) {
    const Waveform sound = test::tones(2, 20000, rates.from);
    const Waveform whole = resample(sound, rates.to);
    Resampler resampler(2, rates.from, rates.to);
    Waveform joined{rates.to, {{}, {}}};
    for (int64_t at = 0, size = 1; at < sound.frames(); at += size, size = size * 7 % 3001 + 1) {
      const int64_t end = std::min(at + size, sound.frames());
      detail::append(joined, resampler.process(detail::slice(sound, at, end)));
    }
    detail::append(joined, resampler.finish());
    ASSERT_EQ(joined.frames(), whole.frames());
    EXPECT_EQ(test::largest_difference(joined.samples[1], whole.samples[1]), 0.0F)
        << rates.from << " to " << rates.to;
  }
}

TEST(Resample, EqualRatesChangeNothing) {
  const Waveform sound = test::tones(3, 1000, 44100);
  EXPECT_EQ(resample(sound, 44100).samples, sound.samples);
}

TEST(Resample, RefusesWhatIsOutOfRange) {
  EXPECT_RIFFLE_ERROR(Resampler(0, 44100, 48000), ErrorCode::InvalidArgument, "0 channels");
  EXPECT_RIFFLE_ERROR(Resampler(2, 44100, 768001), ErrorCode::InvalidArgument, "768001 Hz");
  Resampler resampler(2, 44100, 48000);
  EXPECT_RIFFLE_ERROR(resampler.process(test::tones(1, 10, 44100)), ErrorCode::InvalidArgument,
                      "expected 2 at 44100 Hz");
  resampler.finish();
  EXPECT_EQ(resampler.finish().frames(), 0);
}

}  // namespace
}  // namespace riffle::audio
