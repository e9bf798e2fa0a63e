// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/onset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "eval/signals.h"

namespace riffle::eval {
namespace {

double mean_strength(const audio::Waveform& sound) {
  const OnsetStrength onset = onset_strength(sound);
  return std::accumulate(onset.values.begin(), onset.values.end(), 0.0) /
         static_cast<double>(onset.values.size());
}

TEST(OnsetTest, RisesWhereNotesBegin) {
  audio::Waveform sound = test::silence(3);
  for (const double start_s : {0.5, 1.25, 2.0}) test::add_note(sound, start_s, 0.4, 60);
  const OnsetStrength onset = onset_strength(sound);
  const float largest = std::ranges::max(onset.values);
  std::vector<double> places;
  for (size_t i = 1; i + 1 < onset.values.size(); ++i) {
    const bool peak = onset.values[i] > 0.5F * largest && onset.values[i] > onset.values[i - 1] &&
                      onset.values[i] >= onset.values[i + 1];
    if (peak) places.push_back(static_cast<double>(i) / onset.rate_hz);
  }
  ASSERT_EQ(places.size(), 3U);
  EXPECT_NEAR(places[0], 0.5, 0.02);
  EXPECT_NEAR(places[1], 1.25, 0.02);
  EXPECT_NEAR(places[2], 2.0, 0.02);
}

TEST(OnsetTest, HeedsNeitherLoudnessNorRateNorChannels) {
  const audio::Waveform sound = test::groove(120, 4);
  audio::Waveform quiet = sound;
  for (float& sample : quiet.samples[0]) sample *= 0.05F;
  audio::Waveform stereo = sound;
  stereo.samples.push_back(sound.samples[0]);
  const OnsetStrength onset = onset_strength(sound);
  EXPECT_GT(onset_correlation(onset, onset_strength(quiet)), 0.99);
  EXPECT_GT(onset_correlation(onset, onset_strength(stereo)), 0.999);
}

TEST(OnsetTest, RealMusicIsAboveNoiseAndNoiseAboveSilence) {
  const double music = mean_strength(test::groove(120, 4));
  const double hiss = mean_strength(test::noise(4, 1));
  EXPECT_GT(music, hiss);
  EXPECT_GT(hiss, 0);
  EXPECT_EQ(mean_strength(test::silence(4)), 0);
  EXPECT_TRUE(onset_strength(audio::Waveform{}).values.empty());
}

TEST(OnsetTest, CorrelatesWithTheSameBeatOnly) {
  const OnsetStrength first = onset_strength(test::groove(120, 5));
  // Other notes on the same beat, and another beat.
  audio::Waveform same_beat = test::silence(5);
  for (int i = 0; i < 20; ++i) test::add_note(same_beat, 0.25 * i, 0.2, 60 + 5 * i % 12);
  const OnsetStrength other_beat = onset_strength(test::groove(97, 5));
  EXPECT_GT(onset_correlation(first, onset_strength(same_beat)), 0.5);
  EXPECT_LT(onset_correlation(first, other_beat), 0.25);
  EXPECT_LT(onset_correlation(first, onset_strength(test::noise(5, 3))), 0.25);
}

}  // namespace
}  // namespace riffle::eval
