// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/loudness.h"

#include <gtest/gtest.h>

#include <cmath>

#include "audio/detail/blocks.h"
#include "audio/test_signals.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

double amplitude(double db) { return std::pow(10.0, db / 20); }

Waveform stereo_sine(double dbfs, double seconds, double hz = 1000, int rate = 48000) {
  const auto channel = test::sine(std::llround(seconds * rate), hz, rate, amplitude(dbfs));
  return {rate, {channel, channel}};
}

// EBU Tech 3341, minimum requirements 1 and 2: a stereo sine of 1 kHz at -23 (-33) dBFS a channel
// is -23 (-33) LUFS, to 0.1 LU.
TEST(Loudness, TechThreeThreeFourOneSines) {
  EXPECT_NEAR(measure_loudness(stereo_sine(-23, 20)).integrated_lufs, -23.0, 0.1);
  EXPECT_NEAR(measure_loudness(stereo_sine(-33, 20)).integrated_lufs, -33.0, 0.1);
  for (const int rate : {8000, 22050, 44100, 96000, 192000}) {
    EXPECT_NEAR(measure_loudness(stereo_sine(-23, 5, 1000, rate)).integrated_lufs, -23.0, 0.1)
        << rate;
  }
}

// Where BS.1770's filters would lie beyond the Nyquist frequency: as loud as at 48 kHz.
TEST(Loudness, LowRates) {
  for (const int rate : {1000, 3000, 4000, 7999}) {
    const auto channel = test::sine(rate * 5, 200, rate, 0.1);
    const auto reference = test::sine(48000 * 5, 200, 48000, 0.1);
    const Loudness low = measure_loudness({rate, {channel, channel}});
    EXPECT_NEAR(low.integrated_lufs,
                measure_loudness({48000, {reference, reference}}).integrated_lufs, 0.05)
        << rate;
    // The sine's sudden end overshoots a little.
    EXPECT_NEAR(low.true_peak_dbtp, -20, 0.5) << rate;
  }
}

// Requirement 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS: the gate takes the quiet parts out.
TEST(Loudness, TechThreeThreeFourOneGate) {
  LoudnessMeter meter(2, 48000);
  meter.add(stereo_sine(-36, 10));
  meter.add(stereo_sine(-23, 60));
  meter.add(stereo_sine(-36, 10));
  EXPECT_NEAR(meter.finish().integrated_lufs, -23.0, 0.1);
}

// Requirement 6: five channels, L R at -28, C at -24, surrounds at -30 dBFS, together -23 LUFS; LFE
// does not count.
TEST(Loudness, SurroundWeights) {
  const int64_t frames = 20 * 48000;
  const auto at = [&](double dbfs) { return test::sine(frames, 1000, 48000, amplitude(dbfs)); };
  const Waveform five{48000, {at(-28), at(-28), at(-24), at(-30), at(-30)}};
  EXPECT_NEAR(measure_loudness(five).integrated_lufs, -23.0, 0.1);
  const Waveform with_lfe{48000, {at(-28), at(-28), at(-24), at(0), at(-30), at(-30)}};
  EXPECT_NEAR(measure_loudness(with_lfe).integrated_lufs, -23.0, 0.1);
}

// EBU Tech 3342, minimum requirement 1: 20 s at -20 and 20 s at -30 dBFS have a range of 10 LU.
TEST(Loudness, Range) {
  LoudnessMeter meter(2, 48000);
  meter.add(stereo_sine(-20, 20));
  meter.add(stereo_sine(-30, 20));
  EXPECT_NEAR(meter.finish().range_lu, 10.0, 1.0);
  EXPECT_EQ(measure_loudness(stereo_sine(-20, 1)).range_lu, 0.0);
}

// A sine of a quarter of the rate whose samples lie beside its peaks: 3 dB more between them.
TEST(Loudness, PeaksBetweenSamples) {
  Waveform sound{48000, {{}}};
  for (int i = 0; i < 48000; ++i) {
    sound.samples[0].push_back(
        static_cast<float>(0.5 * std::sin(std::numbers::pi / 2 * i + std::numbers::pi / 4)));
  }
  const Loudness loudness = measure_loudness(sound);
  EXPECT_NEAR(loudness.sample_peak_dbfs, -9.03, 0.01);
  EXPECT_NEAR(loudness.true_peak_dbtp, -6.02, 0.2);
}

TEST(Loudness, SilenceHasADefinedAnswer) {
  for (const int64_t frames : {0, 1, 100, 48000}) {
    const Loudness loudness =
        measure_loudness({48000, {std::vector<float>(static_cast<size_t>(frames))}});
    EXPECT_EQ(loudness.integrated_lufs, kSilenceLufs);
    EXPECT_EQ(loudness.sample_peak_dbfs, kSilencePeakDb);
    EXPECT_EQ(loudness.true_peak_dbtp, kSilencePeakDb);
    EXPECT_TRUE(loudness.silent());
  }
  EXPECT_TRUE(measure_loudness(stereo_sine(-90, 1)).silent());  // under the absolute gate
}

TEST(Loudness, ShortSoundsAreMeasuredAsTheyAre) {
  // The filter's start costs a little.
  for (const double seconds : {0.05, 0.1, 0.399, 0.401}) {
    EXPECT_NEAR(measure_loudness(stereo_sine(-23, seconds)).integrated_lufs, -23.0, 0.3) << seconds;
  }
  EXPECT_FALSE(measure_loudness({48000, {{0.5F}}}).silent());  // one frame
}

TEST(Loudness, BlocksAreTheWhole) {
  const Waveform sound = test::tones(2, 100000, 44100);
  const Loudness whole = measure_loudness(sound);
  LoudnessMeter meter(2, 44100);
  for (int64_t at = 0; at < 100000; at += 777) {
    meter.add(detail::slice(sound, at, std::min<int64_t>(at + 777, 100000)));
  }
  const Loudness joined = meter.finish();
  EXPECT_EQ(joined.integrated_lufs, whole.integrated_lufs);
  EXPECT_EQ(joined.true_peak_dbtp, whole.true_peak_dbtp);
}

TEST(NormalizeLoudness, ReachesTheTargetUnderTheCeiling) {
  constexpr double kCeiling = -6.0;
  for (const double target : {-36.0, -30.0, -23.0, -16.0}) {
    Waveform sound{44100, {test::noise(220500, 0.05F, 1), test::noise(220500, 0.05F, 2)}};
    for (size_t i = 1000; i < 220500; i += 10007) sound.samples[0][i] = 0.7F;
    const NormalizeResult result =
        normalize_loudness(sound, {.target_lufs = target, .ceiling_dbtp = kCeiling});
    const double louder_by = target - result.before.integrated_lufs;
    EXPECT_EQ(result.limited, result.before.true_peak_dbtp + louder_by > kCeiling) << target;
    EXPECT_EQ(result.limited, target > -28);
    const Loudness after = measure_loudness(sound);
    EXPECT_NEAR(after.integrated_lufs, target, 0.2);
    EXPECT_LE(after.true_peak_dbtp, kCeiling);
    EXPECT_EQ(after.integrated_lufs, result.after.integrated_lufs);
    EXPECT_GE(result.gain_db, louder_by - 1e-9);
    EXPECT_EQ(sound.frames(), 220500);
  }
}

TEST(NormalizeLoudness, SilenceAndNearSilenceStay) {
  Waveform silence{44100, {std::vector<float>(44100)}};
  EXPECT_EQ(normalize_loudness(silence).gain_db, 0.0);
  EXPECT_EQ(test::peak(silence.samples[0]), 0.0F);
  Waveform quiet = stereo_sine(-65, 2);
  const NormalizeResult result = normalize_loudness(quiet, {.max_gain_db = 20.0});
  EXPECT_EQ(result.gain_db, 20.0);
  EXPECT_NEAR(result.after.integrated_lufs, -45.0, 0.1);
}

TEST(NormalizeLoudness, RefusesOptionsOutOfRange) {
  Waveform sound = stereo_sine(-23, 1);
  EXPECT_RIFFLE_ERROR(normalize_loudness(sound, {.target_lufs = 3}), ErrorCode::InvalidArgument,
                      "target_lufs is 3");
  EXPECT_RIFFLE_ERROR(normalize_loudness(sound, {.ceiling_dbtp = 1}), ErrorCode::InvalidArgument,
                      "ceiling_dbtp is 1");
}

}  // namespace
}  // namespace riffle::audio
