// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/two_conditions.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

// What a model says with and without its conditions.
constexpr double kNone = 1;
constexpr double kContext = 4;
constexpr double kStyle = 7;
constexpr double kBoth = 16;

double combined(const TwoConditionGuidance& guidance, bool has_context = true,
                bool has_style = true) {
  std::vector<at::Tensor> made;
  const auto predictions = predictions_of(guidance, has_context, has_style);
  for (const WeighedPrediction& p : predictions) {
    EXPECT_TRUE(has_context || !p.context);
    EXPECT_TRUE(has_style || !p.style);
    const double value = p.context ? (p.style ? kBoth : kContext) : (p.style ? kStyle : kNone);
    made.push_back(at::full({1, 2, 1, 3}, value, at::kDouble));
  }
  return weighed_sum(at::cat(made), predictions).mean().item<double>();
}

TEST(TwoConditionsTest, RulesAreTheirFormulas) {
  const double c = 1.5;
  const double s = 2.5;
  EXPECT_DOUBLE_EQ(combined({c, s, GuidanceRule::Nested}),
                   kNone + c * (kContext - kNone) + s * (kBoth - kContext));
  EXPECT_DOUBLE_EQ(combined({c, s, GuidanceRule::Independent}),
                   kNone + c * (kContext - kNone) + s * (kStyle - kNone));
  EXPECT_DOUBLE_EQ(combined({c, s, GuidanceRule::Joint}),
                   kBoth + (c - 1) * (kBoth - kStyle) + (s - 1) * (kBoth - kContext));
}

TEST(TwoConditionsTest, EqualWeightsTakeTwoPredictionsAndGiveTheSame) {
  const auto predictions = predictions_of({1.25, 1.25}, true, true);
  EXPECT_EQ(predictions.size(), 2U);
  EXPECT_DOUBLE_EQ(combined({1.25, 1.25}),
                   kNone + 1.25 * (kContext - kNone) + 1.25 * (kBoth - kContext));
  EXPECT_EQ(predictions_of({1.25, 1.5}, true, true).size(), 3U);
}

TEST(TwoConditionsTest, WithoutExaggerationOnePredictionIsEnough) {
  for (const GuidanceRule rule : {GuidanceRule::Nested, GuidanceRule::Joint}) {
    EXPECT_EQ(predictions_of({1, 1, rule}, true, true).size(), 1U);
    EXPECT_DOUBLE_EQ(combined({1, 1, rule}), kBoth);
  }
  EXPECT_DOUBLE_EQ(combined({0, 0}), kNone);
}

TEST(TwoConditionsTest, WhatIsAbsentIsNeverAskedFor) {
  for (const GuidanceRule rule :
       {GuidanceRule::Nested, GuidanceRule::Independent, GuidanceRule::Joint}) {
    EXPECT_DOUBLE_EQ(combined({1.5, 3, rule}, true, false), kNone + 1.5 * (kContext - kNone));
    EXPECT_DOUBLE_EQ(combined({3, 1.5, rule}, false, true), kNone + 1.5 * (kStyle - kNone));
    EXPECT_DOUBLE_EQ(combined({3, 3, rule}, false, false), kNone);
  }
}

TEST(TwoConditionsTest, RescalingBringsBackTheDeviationOfWhatIsToldMost) {
  at::manual_seed(3);
  const auto predictions = predictions_of({3, 2, GuidanceRule::Joint}, true, true);
  ASSERT_EQ(predictions.size(), 3U);
  const at::Tensor made = at::randn({6, 4, 1, 50}, at::kDouble);  // two items
  const at::Tensor plain = weighed_sum(made, predictions);
  EXPECT_TRUE(at::equal(weighed_sum(made, predictions, 0), plain));
  const at::Tensor whole = weighed_sum(made, predictions, 1);
  for (int64_t item = 0; item < 2; ++item) {
    const double told_most = made[4 + item].std().item<double>();
    EXPECT_GT(plain[item].std().item<double>(), 1.5 * told_most);
    EXPECT_NEAR(whole[item].std().item<double>(), told_most, 1e-9);
    EXPECT_TRUE(at::allclose(whole[item] / whole[item].std(), plain[item] / plain[item].std()));
  }
  EXPECT_TRUE(at::allclose(weighed_sum(made, predictions, 0.5), (plain + whole) / 2));
}

TEST(TwoConditionsTest, BelowItsLeastNoiseNothingIsExaggerated) {
  const TwoConditionGuidance guidance{.context = 3, .style = 0.5, .least_noise = 0.3};
  EXPECT_EQ(guidance.at(0.3).context, 3);
  EXPECT_EQ(guidance.at(0.29).context, 1);
  EXPECT_EQ(guidance.at(0.29).style, 0.5) << "what is followed less stays so";
  const TwoConditionGuidance joint{3, 4, GuidanceRule::Joint, 0.7, 0.3};
  EXPECT_EQ(predictions_of(joint.at(1), true, true).size(), 3U);
  const auto below = predictions_of(joint.at(0.1), true, true);
  ASSERT_EQ(below.size(), 1U);
  EXPECT_TRUE(below[0].context && below[0].style && below[0].weight == 1);
}

TEST(TwoConditionsTest, RefusesWhatIsOutOfRange) {
  EXPECT_RIFFLE_ERROR(predictions_of({-1, 1}, true, true), ErrorCode::InvalidArgument, "context");
  EXPECT_RIFFLE_ERROR(predictions_of({1, 99}, true, true), ErrorCode::InvalidArgument, "style");
  EXPECT_RIFFLE_ERROR(predictions_of({.rescale = 2}, true, true), ErrorCode::InvalidArgument,
                      "rescale");
  EXPECT_RIFFLE_ERROR(predictions_of({.least_noise = -1}, true, true), ErrorCode::InvalidArgument,
                      "least_noise");
  EXPECT_RIFFLE_ERROR(guidance_rule("sideways"), ErrorCode::InvalidArgument, "sideways");
  EXPECT_EQ(guidance_rule("joint"), GuidanceRule::Joint);
}

}  // namespace
}  // namespace riffle::diffusion
