// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/prompt_features.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include <numbers>

#include "core/error.h"
#include "golden.h"
#include "models/beat_rows.h"

namespace riffle::models {
namespace {

text::WordVocabulary vocabulary() {
  const std::vector<std::string> captions = {"funky bass", "funky bass", "drums", "drums"};
  return text::WordVocabulary::build(captions);
}

TEST(PromptFeatures, SeparatesWordsFromNumbers) {
  const std::vector<std::string> prompts = {"funky bass at 120 bpm in a minor", "", "drums"};
  const PromptFeatures features = prompt_features(vocabulary(), prompts, 4, 90.0);
  ASSERT_EQ(features.facts.size(), 3U);
  EXPECT_EQ(features.facts[0].bpm, 120);
  EXPECT_EQ(features.facts[0].key, 9);
  EXPECT_FALSE(features.facts[1].bpm);  // an empty prompt has no default
  EXPECT_EQ(features.facts[2].bpm, 90);
  EXPECT_EQ(features.numbers[1].abs().sum().item<float>(), 0);
  EXPECT_EQ(features.ids[1].abs().sum().item<int64_t>(), 0);
  EXPECT_THAT(features.notes, testing::ElementsAre("the model does not know the words: at"));
}

// Neighbouring tempi are near, an octave is not the same, and every tempo has its own place.
TEST(PromptFeatures, TempiAreToldApart) {
  const auto distance = [](double a, double b) {
    return (music_features({.bpm = a}) - music_features({.bpm = b})).norm().item<double>();
  };
  EXPECT_LT(distance(120, 121), 1);
  EXPECT_GT(distance(120, 126), distance(120, 121));
  EXPECT_GT(distance(60, 120), 1);
  EXPECT_GT(distance(70, 140), 1);
}

TEST(PromptFeatures, SummaryIsTheStateAtTheEnd) {
  const at::Tensor hidden = at::randn({2, 3, 5});
  const at::Tensor ids = at::tensor({2, 0, 0, 2, 3, 0}, at::kLong).view({2, 3});
  const at::Tensor numbers = at::randn({2, kMusicFeatures});
  const at::Tensor summary = prompt_summary(hidden, ids, numbers);
  EXPECT_TRUE(at::equal(summary[0].narrow(0, 0, 5), hidden[0][1]));
  EXPECT_TRUE(at::equal(summary[1].narrow(0, 0, 5), hidden[1][2]));
  EXPECT_TRUE(at::equal(summary.narrow(1, 5, kMusicFeatures), numbers));
}

TEST(BeatRows, PhasesGoRoundOnceABeatAndABar) {
  const BeatGrid grid{.columns_per_beat = 4, .beats_per_bar = 3};
  const at::Tensor rows = beat_rows(grid, 0, 24);
  EXPECT_EQ(rows.sizes(), at::IntArrayRef({1, kBeatRows, 24}));
  EXPECT_NEAR(rows[0][0][0].item<float>(), std::sin(2 * std::numbers::pi * 0.5 / 4), 1e-6);
  EXPECT_LT(
      max_abs(rows[0].narrow(0, 0, 2).narrow(1, 0, 20), rows[0].narrow(0, 0, 2).narrow(1, 4, 20)),
      1e-5);
  EXPECT_LT(max_abs(rows.narrow(2, 0, 12), rows.narrow(2, 12, 12)), 1e-5);
  // Windows continue the phase.
  EXPECT_LT(max_abs(beat_rows(grid, 5, 8), rows.narrow(2, 5, 8)), 1e-5);
}

TEST(BeatRows, UnknownIsZero) { EXPECT_EQ(beat_rows({}, 3, 7).abs().sum().item<float>(), 0); }

}  // namespace
}  // namespace riffle::models
