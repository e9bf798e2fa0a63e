// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/key.h"

#include <gtest/gtest.h>

#include <random>

#include "eval/learn_keys.h"
#include "eval/signals.h"

namespace riffle::eval {
namespace {

std::vector<KeyGuess> ranking_of(const audio::Waveform& sound) {
  return rank_keys(key_features(chroma_of(sound)), KeyModel::of_ratings(), {"major", "minor"});
}

class KeyOf : public ::testing::TestWithParam<int> {};

TEST_P(KeyOf, AMajorCadence) {
  const auto ranking = ranking_of(test::cadence(48 + GetParam(), test::kMajorSteps));
  EXPECT_EQ(ranking.front().key, (Key{GetParam(), "major"}))
      << pitch_name(ranking.front().key.tonic) << " " << ranking.front().key.mode;
}

TEST_P(KeyOf, AMinorCadence) {
  const auto ranking = ranking_of(test::cadence(48 + GetParam(), test::kMinorSteps));
  EXPECT_EQ(ranking.front().key, (Key{GetParam(), "minor"}))
      << pitch_name(ranking.front().key.tonic) << " " << ranking.front().key.mode;
}

TEST_P(KeyOf, ADorianCadenceAmongAllModes) {
  const auto ranking =
      rank_keys(key_features(chroma_of(test::cadence(48 + GetParam(), test::kDorianSteps))),
                KeyModel::of_ratings());
  EXPECT_TRUE(key_among(ranking, {GetParam(), "dorian"}, 2));
}

INSTANTIATE_TEST_SUITE_P(Tonics, KeyOf, ::testing::Range(0, 12));

TEST(ChromaTest, IsThatOfTheNotesWhateverTheTuning) {
  for (const double detune : {-0.3, 0.0, 0.25}) {
    audio::Waveform sound = test::silence(2);
    for (const double key : {60, 64, 67}) test::add_note(sound, 0, 2, key + detune);
    const Chroma chroma = chroma_of(sound);
    EXPECT_NEAR(chroma.tuning_semitones, detune, 0.05);
    const PitchClasses mean = mean_of_columns(chroma.columns);
    for (size_t c = 0; c < 12; ++c) {
      if (c == 0 || c == 4 || c == 7)
        EXPECT_GT(mean[c], 0.5F) << c;
      else
        EXPECT_LT(mean[c], 0.45F) << c;
    }
  }
}

TEST(ChromaTest, FollowsAMelodyThroughAnotherSound) {
  audio::Waveform melody = test::silence(5);
  audio::Waveform octave_up = test::silence(5);
  audio::Waveform another = test::silence(5);
  const std::vector<int> steps = {0, 4, 7, 5, 2, 9, 11, 4, 0, 7};
  for (size_t i = 0; i < steps.size(); ++i) {
    const double start_s = 0.5 * static_cast<double>(i);
    test::add_note(melody, start_s, 0.5, 60 + steps[i]);
    test::add_note(octave_up, start_s, 0.5, 72 + steps[i], 0.05);
    test::add_note(another, start_s, 0.5, 60 + steps[steps.size() - 1 - i]);
  }
  for (int i = 0; i < 10; ++i) test::add_stroke(octave_up, 0.5 * i, 0.1);
  const Chroma chroma = chroma_of(melody);
  EXPECT_NEAR(chroma_correlation(chroma, chroma), 1, 1e-6);
  EXPECT_GT(chroma_correlation(chroma, chroma_of(octave_up)), 0.8);
  EXPECT_LT(chroma_correlation(chroma, chroma_of(another)), 0.5);
  EXPECT_LT(chroma_correlation(chroma, chroma_of(test::noise(5, 2))), 0.4);
  EXPECT_EQ(chroma_correlation(chroma, chroma_of(test::silence(5))), 0);
}

TEST(KeyTest, IsSurerOfMusicThanOfNoiseAndSaysNothingOfSilence) {
  const double music = ranking_of(test::cadence(50, test::kMajorSteps)).front().score;
  const double hiss = ranking_of(test::noise(5, 4)).front().score;
  EXPECT_GT(music, 0.75);
  EXPECT_GT(music, hiss);
  EXPECT_TRUE(ranking_of(test::silence(5)).empty());
}

TEST(KeyTest, ReadsNamesOfNotes) {
  EXPECT_EQ(pitch_class_of("C"), 0);
  EXPECT_EQ(pitch_class_of("F#"), 6);
  EXPECT_EQ(pitch_class_of("Bb"), 10);
  EXPECT_EQ(pitch_class_of("Cb"), 11);
  EXPECT_FALSE(pitch_class_of("H"));
  EXPECT_FALSE(pitch_class_of("Fis"));
  EXPECT_FALSE(pitch_class_of(""));
  for (int c = 0; c < 12; ++c) EXPECT_EQ(pitch_class_of(pitch_name(c)), c);
}

TEST(KeyTest, ModesDifferByTheirDegrees) {
  const KeyModel ratings = KeyModel::of_ratings();
  const KeyWeights& major = ratings.find("major")->weights;
  const KeyWeights& mixolydian = ratings.find("mixolydian")->weights;
  EXPECT_EQ(mixolydian[10], major[11]);
  EXPECT_EQ(mixolydian[11], major[10]);
  EXPECT_EQ(ratings.find("sideways"), nullptr);
}

// Clips whose whole is any note of the scale, and whose bass is the tonic twice as often as
// another: ratings, which do not look at the bass, are often wrong.
std::vector<KeyExample> clips_that_lean_on_the_bass(uint32_t seed, int count) {
  std::mt19937 random(seed);
  std::vector<KeyExample> examples;
  for (int i = 0; i < count; ++i) {
    const int tonic = static_cast<int>(random() % 12);
    Chroma chroma;
    chroma.columns.resize(1);
    chroma.bass.resize(1);
    for (const int step : {0, 2, 4, 5, 7, 9, 11}) {
      const auto pitch_class = static_cast<size_t>((tonic + step) % 12);
      chroma.columns[0][pitch_class] = 0.3F + 0.7F * static_cast<float>(random() % 100) / 100;
      chroma.bass[0][pitch_class] = static_cast<float>(random() % 100) / 200;
    }
    chroma.bass[0][static_cast<size_t>(tonic)] += 0.5F;
    examples.push_back({key_features(chroma), {tonic, "major"}});
  }
  return examples;
}

TEST(KeyTest, LearnsWhatTheBassTells) {
  const auto share_right = [](const KeyModel& model) {
    int right = 0;
    for (const KeyExample& clip : clips_that_lean_on_the_bass(2, 200)) {
      right += key_among(rank_keys(clip.features, model, {"major"}), clip.key, 1) ? 1 : 0;
    }
    return right / 200.0;
  };
  const KeyModel learned = learn_keys(clips_that_lean_on_the_bass(1, 100), {.iterations = 100});
  EXPECT_LT(share_right(KeyModel::of_ratings()), 0.75);
  EXPECT_GT(share_right(learned), 0.9);
  // Without a single example a mode stays as it was rated.
  const KeyModel none = learn_keys({});
  EXPECT_EQ(none.modes.size(), KeyModel::of_ratings().modes.size());
}

}  // namespace
}  // namespace riffle::eval
