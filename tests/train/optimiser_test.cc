// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "support/test_files.h"
#include "train/adamw.h"
#include "train/learning_rate.h"
#include "train/weight_average.h"

namespace riffle::train {
namespace {

TEST(AdamW, FollowsTheAlgorithmByHand) {
  at::Tensor matrix = at::tensor({1.0, -2.0}, at::kFloat).view({1, 2}).requires_grad_();
  at::Tensor bias = at::tensor({0.5}, at::kFloat).requires_grad_();
  FlatParameters parameters({{.name = "all",
                              .parameters = {{"matrix", matrix}, {"bias", bias}},
                              .beta1 = 0.9,
                              .beta2 = 0.99,
                              .weight_decay = 0.1}});
  AdamW optimiser(parameters);
  matrix.mutable_grad().copy_(at::tensor({0.5, -1.0}, at::kFloat).view({1, 2}));
  bias.mutable_grad().fill_(2.0);
  optimiser.step({0.01}, 1.0, 0.9);
  // First step: m = 0.1 g, v = 0.01 g^2, both unbiased by division, so the update is the rate times
  // the sign; the matrix also shrinks by 0.01 * 0.1.
  EXPECT_NEAR(matrix[0][0].item<double>(), 1.0 * 0.999 - 0.01, 1e-6);
  EXPECT_NEAR(matrix[0][1].item<double>(), -2.0 * 0.999 + 0.01, 1e-6);
  EXPECT_NEAR(bias.item<double>(), 0.5 - 0.01, 1e-6);
  const auto average = parameters.named(optimiser.average());
  EXPECT_NEAR(average[1].second.item<double>(), 0.9 * 0.5 + 0.1 * 0.49, 1e-6);
  // Second step, the gradient halved by its scale: m = 0.9 * 0.2 + 0.1 * 1, v = 0.99 * 0.04 + 0.01.
  bias.mutable_grad().fill_(2.0);
  optimiser.step({0.01}, 0.5, 0.9);
  const double m = (0.9 * 0.2 + 0.1 * 1) / (1 - 0.81);
  const double v = (0.99 * 0.04 + 0.01 * 1) / (1 - 0.99 * 0.99);
  EXPECT_NEAR(bias.item<double>(), 0.49 - 0.01 * m / std::sqrt(v), 1e-6);
}

TEST(AdamW, LeavesAGroupWithoutARateAlone) {
  at::Tensor a = at::full({3, 2}, 1.0).requires_grad_();
  at::Tensor b = at::full({3, 2}, 1.0).requires_grad_();
  FlatParameters parameters(
      {{.name = "a", .parameters = {{"a", a}}}, {.name = "b", .parameters = {{"b", b}}}});
  AdamW optimiser(parameters);
  parameters.gradients().fill_(1);
  optimiser.step({0.1, 0}, 1, 0.5);
  EXPECT_TRUE(b.equal(at::full({3, 2}, 1.0)));
  EXPECT_LT(a[0][0].item<double>(), 0.95);
  EXPECT_EQ(optimiser.updates(), (std::vector<int64_t>{1, 0}));
}

TEST(AdamW, ThePlainOperatorsDoTheSame) {
  const auto run = [](bool operators) {
    at::Tensor w = at::full({40, 3}, 0.3).requires_grad_();
    FlatParameters parameters({{.name = "w", .parameters = {{"w", w}}, .weight_decay = 0.2}});
    AdamW optimiser(parameters, operators);
    for (int i = 0; i < 20; ++i) {
      parameters.gradients().fill_(std::sin(i));
      optimiser.step({0.02}, 0.7, 0.8);
    }
    return std::pair(w.detach().clone(), optimiser.average().clone());
  };
  const auto [fused, fused_average] = run(false);
  const auto [plain, plain_average] = run(true);
  EXPECT_TRUE(fused.allclose(plain, 1e-5, 1e-6));
  EXPECT_TRUE(fused_average.allclose(plain_average, 1e-5, 1e-6));
}

TEST(FlatParameters, ChannelsLastKeepsTheValues) {
  at::Tensor kernel = at::arange(2 * 3 * 2 * 2, at::kFloat).view({2, 3, 2, 2}).requires_grad_();
  const at::Tensor before = kernel.detach().clone();
  FlatParameters parameters({{.name = "w", .parameters = {{"w", kernel}}}}, true);
  EXPECT_TRUE(kernel.equal(before));
  EXPECT_TRUE(kernel.is_contiguous(at::MemoryFormat::ChannelsLast));
  (kernel * kernel).sum().backward();
  EXPECT_TRUE(parameters.named(parameters.gradients())[0].second.equal(before * 2));
}

TEST(FlatParameters, RefusesANameTwice) {
  at::Tensor a = at::full({2}, 1.0);
  EXPECT_RIFFLE_ERROR(FlatParameters({{.name = "g", .parameters = {{"a", a}, {"a", a}}}}),
                      ErrorCode::InvalidArgument, "parameter a");
}

TEST(LearningRate, RisesStaysAndFalls) {
  const LearningRate rate{.peak = 1, .warm_up_steps = 10, .decay = 0.5};
  EXPECT_DOUBLE_EQ(rate.at(0, 1000), 0.1);
  EXPECT_DOUBLE_EQ(rate.at(9, 1000), 1);
  EXPECT_DOUBLE_EQ(rate.at(500, 1000), 1);
  EXPECT_DOUBLE_EQ(rate.at(750, 1000), 0.5);
  EXPECT_DOUBLE_EQ(rate.at(1000, 1000), 0);
}

TEST(LearningRate, CosineHalfWayIsHalf) {
  const LearningRate rate{
      .peak = 2, .warm_up_steps = 100, .shape = LearningRate::Shape::Cosine, .last = 0.1};
  EXPECT_DOUBLE_EQ(rate.at(100, 1100), 2);
  EXPECT_NEAR(rate.at(600, 1100), 2 * 0.55, 1e-12);
  EXPECT_NEAR(rate.at(1100, 1100), 0.2, 1e-12);
}

TEST(LearningRate, WarmUpIsAtMostATenthOfTheRun) {
  const LearningRate rate{.peak = 1, .warm_up_steps = 500};
  EXPECT_DOUBLE_EQ(rate.at(4, 100), 0.5);
  EXPECT_DOUBLE_EQ(rate.at(9, 100), 1);
}

TEST(WeightAverage, ThePowerProfileHasTheWidthAskedFor) {
  // gamma 6.94 and 16.97 are the published values for widths 0.10 and 0.05 (Karras et al. 2024).
  EXPECT_NEAR(power_of_width(0.10), 6.94, 0.01);
  EXPECT_NEAR(power_of_width(0.05), 16.97, 0.01);
  EXPECT_RIFFLE_ERROR(power_of_width(0.3), ErrorCode::InvalidArgument, "less than");
}

TEST(WeightAverage, ThePowerProfileWeighsStepsByAPower) {
  // Run over 0/1 signals it gives each step's weight: t^gamma over the sum, for large t.
  const WeightAverage average{.relative_width = 0.1};
  const double gamma = power_of_width(0.1);
  const int64_t steps = 2000;
  const auto weight_of = [&](int64_t at) {
    double value = 0;
    for (int64_t t = 1; t <= steps; ++t) {
      value += (1 - average.keep(t)) * ((t == at ? 1.0 : 0.0) - value);
    }
    return value;
  };
  EXPECT_NEAR(weight_of(1000) / weight_of(2000), std::pow(0.5, gamma), 0.01 * std::pow(0.5, gamma));
}

TEST(WeightAverage, FixedForgetsTheStartSoon) {
  const WeightAverage average{.profile = WeightAverage::Profile::Fixed, .decay = 0.999};
  EXPECT_DOUBLE_EQ(average.keep(1), 2.0 / 11);
  EXPECT_DOUBLE_EQ(average.keep(1000000), 0.999);
}

}  // namespace
}  // namespace riffle::train
