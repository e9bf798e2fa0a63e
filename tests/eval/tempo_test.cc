// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/tempo.h"

#include <gtest/gtest.h>

#include "eval/signals.h"

namespace riffle::eval {
namespace {

Tempo tempo_of(const audio::Waveform& sound) { return estimate_tempo(onset_strength(sound)); }

class TempoOf : public ::testing::TestWithParam<double> {};

TEST_P(TempoOf, AStraightGroove) {
  const Tempo tempo = tempo_of(test::groove(GetParam(), 5.1));
  EXPECT_TRUE(tempo_agrees(tempo.bpm, GetParam())) << tempo.bpm;
  EXPECT_GT(tempo.confidence, 0.3);
}

TEST_P(TempoOf, ASwungGroove) {
  if (GetParam() < 70) GTEST_SKIP() << "triplets so slow are heard as beats (tempo.h)";
  const Tempo tempo = tempo_of(test::groove(GetParam(), 5.1, 1.0 / 3));
  EXPECT_TRUE(tempo_agrees(tempo.bpm, GetParam())) << tempo.bpm;
}

TEST_P(TempoOf, APieceWithoutDrums) {
  audio::Waveform sound = test::silence(6);
  const double beat_s = 60 / GetParam();
  const std::vector<double> pattern = {0, 1, 1.5, 2, 3, 3.5};
  for (int bar = 0; bar * 4 * beat_s < 6; ++bar) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      const double start_s = (4 * bar + pattern[i]) * beat_s;
      if (start_s < 6) test::add_note(sound, start_s, 0.3, 57 + 3.0 * static_cast<double>(i), 0.1);
    }
  }
  const Tempo tempo = tempo_of(sound);
  EXPECT_TRUE(tempo_agrees(tempo.bpm, GetParam())) << tempo.bpm;
}

INSTANTIATE_TEST_SUITE_P(Tempi, TempoOf, ::testing::Values(63, 78, 92, 107, 120, 133, 148, 176));

TEST(TempoTest, IsSurerOfMusicThanOfNoiseAndSaysNothingOfSilence) {
  const double music = tempo_of(test::groove(110, 5)).confidence;
  const double hiss = tempo_of(test::noise(5, 7)).confidence;
  EXPECT_GT(music, 2 * hiss);
  EXPECT_EQ(tempo_of(test::silence(5)).bpm, 0);
  EXPECT_EQ(tempo_of(test::groove(120, 1)).bpm, 0) << "too short to tell";
}

TEST(TempoTest, OctavesAreForgivenThirdsAreNot) {
  EXPECT_TRUE(tempo_agrees(121, 120));
  EXPECT_TRUE(tempo_agrees(60.5, 120));
  EXPECT_TRUE(tempo_agrees(240, 120));
  EXPECT_FALSE(tempo_agrees(124.5, 120));
  EXPECT_FALSE(tempo_agrees(80, 120));
  EXPECT_FALSE(tempo_agrees(180, 120));
  EXPECT_FALSE(tempo_agrees(0, 120));
}

}  // namespace
}  // namespace riffle::eval
