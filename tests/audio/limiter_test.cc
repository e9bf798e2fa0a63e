// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/limiter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "audio/detail/blocks.h"
#include "audio/loudness.h"
#include "audio/test_signals.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

float amplitude(double db) { return static_cast<float>(std::pow(10.0, db / 20)); }

std::vector<float> scaled(std::vector<float> samples, double db) {
  for (float& x : samples) x *= amplitude(db);
  return samples;
}

std::vector<float> square(int64_t frames, int period) {
  std::vector<float> samples(static_cast<size_t>(frames));
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<int>(i) % period < period / 2 ? 1.0F : -1.0F;
  }
  return samples;
}

std::vector<float> clicks(int64_t frames, size_t every) {
  std::vector<float> samples(static_cast<size_t>(frames));
  for (size_t i = 100; i < samples.size(); i += every) samples[i] = 1;
  return samples;
}

TEST(Limiter, BelowTheCeilingNotABitChanges) {
  const Waveform sound{44100, {scaled(square(50000, 100), -4), test::noise(50000, 0.5F, 1)}};
  Waveform limited = sound;
  const LimiterResult result = limit_peaks(limited);
  EXPECT_EQ(limited.samples, sound.samples);
  EXPECT_FALSE(result.limited);
  EXPECT_EQ(result.reduction_db, 0.0);
}

TEST(Limiter, NoTruePeakAboveTheCeiling) {
  for (const int rate : {22050, 44100, 48000, 96000}) {
    const int64_t frames = 2 * rate;
    const std::vector<std::vector<float>> sounds = {
        test::noise(frames, 1, 1), test::sine(frames, rate * 0.25 + 1.3, rate, 1),
        square(frames, 450), clicks(frames, 7001), test::sine(frames, rate * 0.45, rate, 1)};
    for (const double drive_db : {0.5, 12.0, 30.0}) {
      for (const double ceiling : {-1.0, -9.0}) {
        for (size_t kind = 0; kind < sounds.size(); ++kind) {
          Waveform sound{rate, {scaled(sounds[kind], drive_db)}};
          limit_peaks(sound, {.ceiling_dbtp = ceiling});
          EXPECT_EQ(sound.frames(), frames);
          EXPECT_LE(measure_loudness(sound).true_peak_dbtp, ceiling)
              << rate << " Hz, sound " << kind << " by " << drive_db << " dB";
        }
      }
    }
  }
}

// A steady tone far above the ceiling comes out at it: the limiter takes no more than it must.
TEST(Limiter, TakesNoMoreThanItMust) {
  Waveform sound{44100, {test::sine(88200, 441, 44100, 4.0)}};
  limit_peaks(sound);
  EXPECT_NEAR(measure_loudness(sound).true_peak_dbtp, -1.0, 0.15);
}

// The shape of the gain, seen on a constant with one peak in it: 1 until the look-ahead begins,
// down to the peak without a step, held, and back up in the release; the peak stays where it was.
TEST(Limiter, GainIsSmoothAndAroundThePeakOnly) {
  constexpr size_t kPeak = 20000;
  Waveform sound{44100, {std::vector<float>(60000, 0.1F), std::vector<float>(60000, 0.05F)}};
  sound.samples[0][kPeak] = 2.0F;
  limit_peaks(sound, {.lookahead_ms = 5, .release_ms = 50});
  std::vector<float> gain;
  for (const float x : sound.samples[1]) gain.push_back(x / 0.05F);

  const size_t lookahead = 221;  // 5 ms, and a frame for peaks between frames
  for (size_t i = 0; i < kPeak - lookahead - 16; ++i) ASSERT_EQ(sound.samples[1][i], 0.05F) << i;
  for (size_t i = 0; i < gain.size(); ++i) {
    if (i != kPeak) {
      ASSERT_NEAR(sound.samples[0][i] / 0.1F, gain[i], 1e-5) << "channels differ at " << i;
    }
  }
  EXPECT_NEAR(sound.samples[0][kPeak], amplitude(-1.1), 1e-3);
  EXPECT_NEAR(gain[kPeak], amplitude(-1.1) / 2, 1e-3);
  const float depth = 1 - gain[kPeak];
  for (size_t i = 1; i < gain.size(); ++i) {
    // A ramp over the look-ahead with smooth ends is at most twice as steep as a straight one.
    ASSERT_LE(std::abs(gain[i] - gain[i - 1]), 2.1F * depth / 220) << i;
    if (i > kPeak + 300) {
      ASSERT_GE(gain[i], gain[i - 1]) << i;
    }
  }
  EXPECT_LT(gain[kPeak + 1000], 0.9F);
  EXPECT_EQ(sound.samples[1].back(), 0.05F);
}

TEST(Limiter, BlocksAreTheWhole) {
  const Waveform sound{44100, {test::noise(60000, 3, 1), test::noise(60000, 1, 2)}};
  Waveform whole = sound;
  const LimiterResult result = limit_peaks(whole);
  EXPECT_TRUE(result.limited);
  EXPECT_GT(result.reduction_db, 9.0);
  Limiter limiter(2, 44100);
  Waveform joined{44100, {{}, {}}};
  for (int64_t at = 0, size = 1; at < 60000; at += size, size = size * 7 % 2003 + 1) {
    detail::append(joined,
                   limiter.process(detail::slice(sound, at, std::min<int64_t>(at + size, 60000))));
  }
  detail::append(joined, limiter.finish());
  EXPECT_EQ(joined.samples, whole.samples);
}

TEST(Limiter, EveryLengthIsKept) {
  for (const int64_t frames : {0, 1, 2, 15, 16, 17, 219, 220, 221, 222, 1000}) {
    Waveform sound{44100, {test::noise(frames, 4, 1)}};
    limit_peaks(sound);
    EXPECT_EQ(sound.frames(), frames);
    EXPECT_LE(test::peak(sound.samples[0]), amplitude(-1)) << frames;
  }
}

TEST(Limiter, RefusesOptionsOutOfRange) {
  EXPECT_RIFFLE_ERROR(Limiter(2, 44100, {.ceiling_dbtp = 0.5}), ErrorCode::InvalidArgument,
                      "ceiling_dbtp is 0.5");
  EXPECT_RIFFLE_ERROR(Limiter(2, 44100, {.lookahead_ms = 0}), ErrorCode::InvalidArgument,
                      "lookahead_ms is 0");
  EXPECT_RIFFLE_ERROR(Limiter(2, 44100, {.release_ms = std::nan("")}), ErrorCode::InvalidArgument,
                      "release_ms is nan");
  EXPECT_RIFFLE_ERROR(Limiter(65, 44100), ErrorCode::InvalidArgument, "65 channels");
}

}  // namespace
}  // namespace riffle::audio
