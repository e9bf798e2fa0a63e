// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/effects.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <random>

namespace riffle::corpus {
namespace {

constexpr int kRate = 44100;
constexpr double kPi = std::numbers::pi;

audio::Waveform silence(int64_t frames) {
  audio::Waveform sound{kRate, {}};
  sound.samples.assign(2, std::vector<float>(static_cast<size_t>(frames), 0.0F));
  return sound;
}

audio::Waveform sine(double hz, double amplitude, int64_t frames) {
  audio::Waveform sound = silence(frames);
  for (auto& channel : sound.samples) {
    for (size_t i = 0; i < channel.size(); ++i) {
      channel[i] =
          static_cast<float>(amplitude * std::sin(2 * kPi * hz * static_cast<double>(i) / kRate));
    }
  }
  return sound;
}

double rms(const audio::Waveform& sound, int64_t begin, int64_t end) {
  double power = 0;
  for (const auto& channel : sound.samples) {
    for (int64_t i = begin; i < end; ++i) {
      const double x = channel[static_cast<size_t>(i)];
      power += x * x;
    }
  }
  return std::sqrt(power / static_cast<double>((end - begin) * sound.channels()));
}

double db(double ratio) { return 20 * std::log10(ratio); }

TEST(Effects, TheEqualizerRaisesAndLowersWhatItNames) {
  const Equalizer eq{.low_hz = 200,
                     .low_db = -3,
                     .mid_hz = 1000,
                     .mid_db = 4,
                     .mid_q = 1,
                     .high_hz = 6000,
                     .high_db = -6};
  const auto gain_at = [&](double hz) {
    audio::Waveform sound = sine(hz, 0.5, kRate);
    equalize(sound, eq);
    return db(rms(sound, kRate / 2, kRate) / (0.5 / std::sqrt(2)));
  };
  // Far beyond a shelf's corner its whole gain is left, at the corner half of it.
  EXPECT_NEAR(gain_at(20), -3, 0.1);
  EXPECT_NEAR(gain_at(200), -1.5, 0.4);
  EXPECT_NEAR(gain_at(1000), 4, 0.3);
  EXPECT_NEAR(gain_at(20000), -6, 0.1);
}

TEST(Effects, AFlatEqualizerAndNoChorusChangeNothing) {
  const audio::Waveform before = sine(440, 0.3, 3000);
  audio::Waveform sound = before;
  equalize(sound, {});
  add_chorus(sound, {.wet = 0});
  compress(sound, {.ratio = 1});
  EXPECT_EQ(sound.samples, before.samples);
}

TEST(Effects, ReverberationDecaysAsFastAsItSays) {
  audio::Waveform click = silence(3 * kRate);
  click.samples[0][0] = click.samples[1][0] = 1;
  for (const double decay : {0.5, 1.5}) {
    const audio::Waveform wet =
        reverberation(click, {.decay_s = decay, .size = 1, .damping = 0, .predelay_ms = 20});
    // Silent until the predelay and the shortest line have passed.
    EXPECT_EQ(rms(wet, 0, kRate * 50 / 1000), 0);
    const auto from = static_cast<int64_t>(0.2 * decay * kRate);
    const auto to = static_cast<int64_t>(0.7 * decay * kRate);
    const int64_t width = kRate / 10;
    const double fallen = db(rms(wet, from, from + width) / rms(wet, to, to + width));
    EXPECT_NEAR(fallen, 60 * 0.5, 4) << decay;  // half of the decay time: 30 dB
  }
}

TEST(Effects, ReverberationHasTheSoundsEnergyInRoomsOfAnySize) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 0.1F);
  audio::Waveform burst = silence(4 * kRate);
  for (auto& channel : burst.samples) {
    for (size_t i = 0; i < 10000; ++i) channel[i] = normal(random);
  }
  const int64_t end = burst.frames();
  for (const double decay : {0.4, 1.0, 2.4}) {
    for (const double size : {0.6, 1.6}) {
      const audio::Waveform wet =
          reverberation(burst, {.decay_s = decay, .size = size, .damping = 0});
      EXPECT_NEAR(db(rms(wet, 0, end) / rms(burst, 0, end)), 0, 1.5) << decay << " " << size;
    }
  }
}

TEST(Effects, ReverberationIsLinearAndDampingDullsIt) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1F);
  audio::Waveform a = silence(kRate);
  audio::Waveform b = silence(kRate);
  for (size_t i = 0; i < 2000; ++i) a.samples[0][i] = normal(random);
  for (size_t i = 5000; i < 9000; ++i) b.samples[1][i] = normal(random);
  const Reverb reverb{.decay_s = 0.8, .size = 1.3, .damping = 0.5, .predelay_ms = 5};
  audio::Waveform sum = a;
  add_scaled(sum, b, 2);
  audio::Waveform separate = reverberation(a, reverb);
  add_scaled(separate, reverberation(b, reverb), 2);
  const audio::Waveform together = reverberation(sum, reverb);
  for (size_t c = 0; c < 2; ++c) {
    for (size_t i = 0; i < together.samples[c].size(); ++i) {
      ASSERT_NEAR(together.samples[c][i], separate.samples[c][i], 1e-5);
    }
  }
  const auto high = [&](double damping) {
    const audio::Waveform wet =
        reverberation(sine(8000, 0.1, kRate), {.decay_s = 0.8, .damping = damping});
    return rms(wet, kRate / 2, kRate);
  };
  EXPECT_GT(high(0.1), 2 * high(0.7));
}

TEST(Effects, TheCompressorHoldsLoudSoundsByItsRatio) {
  const Compressor compressor{.threshold_db = -20, .ratio = 4, .attack_ms = 5, .release_ms = 50};
  audio::Waveform quiet = sine(1000, 0.05, kRate);  // -29 dB
  compress(quiet, compressor);
  EXPECT_NEAR(db(rms(quiet, kRate / 2, kRate)), db(0.05 / std::sqrt(2)), 0.01);
  audio::Waveform loud = sine(1000, 0.8, kRate);  // -4.95 dB: 15.05 above, of which a quarter stays
  compress(loud, compressor);
  // The meter rises faster than it falls, so it reads the tone's ripple up to 0.5 dB too high.
  EXPECT_NEAR(db(rms(loud, kRate / 2, kRate)), -20 + 15.05 / 4 - 0.25, 0.3);
}

TEST(Effects, SaturationKeepsQuietSoundsAndBoundsLoudOnes) {
  audio::Waveform quiet = sine(500, 0.01, 2000);
  const audio::Waveform before = quiet;
  saturate(quiet, 6);
  for (size_t i = 0; i < 2000; ++i) {
    ASSERT_NEAR(quiet.samples[0][i], before.samples[0][i], 1e-5);
  }
  audio::Waveform loud = sine(500, 10, 2000);
  saturate(loud, 6);
  for (const float x : loud.samples[0]) ASSERT_LE(std::abs(x), 0.502F);  // 1 / 1.995
}

TEST(Effects, AChorusSpreadsAToneButKeepsItsLevel) {
  audio::Waveform sound = sine(1000, 0.5, 2 * kRate);
  const audio::Waveform dry = sound;
  add_chorus(sound, {.delay_ms = 12, .depth_ms = 2, .rate_hz = 1, .wet = 0.5});
  EXPECT_NE(sound.samples[0], sound.samples[1]);  // the sides swing apart
  const double level = rms(sound, kRate, 2 * kRate) / rms(dry, kRate, 2 * kRate);
  EXPECT_GT(level, 0.5);
  EXPECT_LT(level, 1.3);
}

TEST(Effects, TheActiveLevelPassesOverSilence) {
  audio::Waveform sound = silence(4 * kRate);
  const audio::Waveform tone = sine(1000, 0.5, kRate);
  for (size_t c = 0; c < 2; ++c) {
    std::copy(tone.samples[c].begin(), tone.samples[c].end(), sound.samples[c].begin());
  }
  EXPECT_NEAR(active_level_db(sound), db(0.5 / std::sqrt(2)), 0.2);
  EXPECT_EQ(active_level_db(silence(1000)), -200);
}

}  // namespace
}  // namespace riffle::corpus
