// SPDX-License-Identifier: GPL-3.0-or-later
// Blur, loudness steps, distances between sets: against numbers worked out by hand, and laws.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "audio/loudness.h"
#include "core/error.h"
#include "eval/blur.h"
#include "eval/frechet.h"
#include "eval/loudness_steps.h"
#include "eval/neighbours.h"
#include "eval/signal.h"
#include "eval/signals.h"
#include "support/test_files.h"

namespace riffle::eval {
namespace {

at::Tensor random_normal(at::IntArrayRef shape, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(shape);
}

TEST(StatisticsTest, CorrelationAndQuantile) {
  const std::vector<float> a = {1, 2, 3, 4};
  const std::vector<float> b = {2, 4, 6, 8};
  const std::vector<float> c = {4, 3, 2, 1};
  EXPECT_NEAR(correlation(a, b), 1, 1e-9);
  EXPECT_NEAR(correlation(a, c), -1, 1e-9);
  EXPECT_EQ(correlation(a, std::vector<float>{5, 5, 5, 5}), 0);
  EXPECT_NEAR(quantile({4, 1, 3, 2}, 0.5), 2.5, 1e-9);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 1), 4);
}

TEST(BlurTest, MeasuresSlopesByHand) {
  // Rows 0, 1 | frames: 0 0.5 / 1 0.25
  const at::Tensor levels = at::tensor({0.0F, 0.5F, 1.0F, 0.25F}).view({2, 2});
  const Steepness slopes = steepness(levels);
  EXPECT_NEAR(slopes.time, (0.5 + 0.75) / 2, 1e-6);
  EXPECT_NEAR(slopes.frequency, (1.0 + 0.25) / 2, 1e-6);
  const Steepness bytes = steepness((levels * 255).round().to(at::kByte));
  EXPECT_NEAR(bytes.time, slopes.time, 0.01);
}

TEST(BlurTest, BlurredIsBelowOneNoisyAboveAndSilenceZero) {
  const at::Tensor real = at::sigmoid(random_normal({1, 1, 64, 64}, 1));
  const at::Tensor blurred = at::avg_pool2d(real, 3, 1, 1);
  const at::Tensor noisy = real + 0.2 * random_normal({1, 1, 64, 64}, 2);
  const Steepness of_real = steepness(real);
  const auto relative = [&](const at::Tensor& x) {
    return relative_steepness(steepness(x), of_real);
  };
  EXPECT_NEAR(relative(real).time, 1, 1e-9);
  EXPECT_LT(relative(blurred).time, 0.6);
  EXPECT_LT(relative(blurred).frequency, 0.6);
  EXPECT_GT(relative(noisy).time, 1.1);
  EXPECT_EQ(relative(at::ones_like(real)).frequency, 0);
}

TEST(LoudnessStepsTest, FindsTheJump) {
  audio::Waveform sound = test::noise(4, 1, 0.2);
  for (size_t i = sound.samples[0].size() / 2; i < sound.samples[0].size(); ++i) {
    sound.samples[0][i] *= 0.5F;
  }
  const auto loudness = stretch_loudness(sound, 4);
  ASSERT_EQ(loudness.size(), 4U);
  EXPECT_NEAR(largest_step_db(loudness), 6.02, 0.2);
  EXPECT_NEAR(loudness[0] - loudness[1], 0, 0.2);
  EXPECT_EQ(stretch_loudness(test::silence(1), 1)[0], audio::kSilenceLufs);
  EXPECT_EQ(largest_step_db({-20.0}), 0);
}

TEST(FrechetTest, OneDimensionByHand) {
  // Means 0 and 3, deviations 1 and 2: 9 + 1 + 4 - 2 * 2 = 10.
  const auto gaussian = [](double mean, double variance) {
    return Gaussian{at::full({1}, mean, at::kDouble), at::full({1, 1}, variance, at::kDouble), 9};
  };
  EXPECT_NEAR(frechet_distance(gaussian(0, 1), gaussian(3, 4)), 10, 1e-9);
}

TEST(FrechetTest, DiagonalCovariancesByHand) {
  const Gaussian a{at::zeros({2}, at::kDouble), at::diag(at::tensor({1.0, 9.0}, at::kDouble)), 9};
  const Gaussian b{at::ones({2}, at::kDouble), at::diag(at::tensor({4.0, 16.0}, at::kDouble)), 9};
  // 2 + (1 - 2)^2 + (3 - 4)^2
  EXPECT_NEAR(frechet_distance(a, b), 4, 1e-9);
}

TEST(FrechetTest, Identities) {
  const at::Tensor x = random_normal({400, 8}, 1);
  const at::Tensor mixing = random_normal({8, 8}, 2);
  const Gaussian a = fit_gaussian(x.matmul(mixing));
  const Gaussian b = fit_gaussian(random_normal({400, 8}, 3) + 0.5);
  EXPECT_NEAR(frechet_distance(a, a), 0, 1e-6);
  EXPECT_NEAR(frechet_distance(a, b), frechet_distance(b, a), 1e-6);
  EXPECT_GT(frechet_distance(a, b), 0);
  // A shift moves the means alone: its squared length.
  const Gaussian shifted = fit_gaussian(x.matmul(mixing) + 2);
  EXPECT_NEAR(frechet_distance(a, shifted), 8 * 4, 1e-4);
}

TEST(FrechetTest, CovarianceIsThatOfTheDistributionFromFewSamplesToo) {
  const Gaussian many = fit_gaussian(random_normal({20000, 4}, 5));
  EXPECT_LT((many.covariance - at::eye(4, at::kDouble)).abs().max().item<double>(), 0.05);
  // Fewer samples than dimensions: shrunk, so that it can be inverted.
  const Gaussian few = fit_gaussian(random_normal({6, 12}, 6));
  const auto [values, vectors] = at::linalg_eigh(few.covariance);
  EXPECT_GT(values.min().item<double>(), 0.1);
  EXPECT_RIFFLE_ERROR(fit_gaussian(at::zeros({1, 4})), ErrorCode::InvalidArgument, "two");
}

TEST(FrechetTest, RealIsNearerToRealThanNoiseAndNoiseThanSilence) {
  const at::Tensor mixing = random_normal({8, 8}, 1);
  const Gaussian real = fit_gaussian(random_normal({500, 8}, 2).matmul(mixing));
  const Gaussian other_real = fit_gaussian(random_normal({500, 8}, 3).matmul(mixing));
  const Gaussian noise = fit_gaussian(random_normal({500, 8}, 4) * 2);
  const Gaussian silence = fit_gaussian(at::full({500, 8}, -3.0));
  const double unit = frechet_distance(real, other_real);
  EXPECT_LT(10 * unit, frechet_distance(real, noise));
  EXPECT_LT(frechet_distance(real, noise), frechet_distance(real, silence));
}

TEST(NeighboursTest, FindsTheNearest) {
  const at::Tensor references = random_normal({150, 2, 3}, 1);
  const at::Tensor queries =
      at::cat({references.narrow(0, 40, 1), references.narrow(0, 7, 1) + 0.01});
  const at::Tensor distances = nearest_distances(queries, references);
  EXPECT_NEAR(distances[0].item<float>(), 0, 1e-6);
  EXPECT_NEAR(distances[1].item<float>(), 0.01, 1e-5);
  const at::Tensor all = (queries.unsqueeze(1) + 0.3 - references.unsqueeze(0)).flatten(2);
  const at::Tensor expected = std::get<0>(all.square().mean(2).sqrt().min(1));
  EXPECT_TRUE(at::allclose(nearest_distances(queries + 0.3, references), expected, 1e-4));
  EXPECT_RIFFLE_ERROR(nearest_distances(queries, at::zeros({0, 2, 3})), ErrorCode::InvalidArgument,
                      "neighbours");
}

TEST(NeighboursTest, CopiesAreToldFromNewMusic) {
  const at::Tensor training = random_normal({200, 32}, 1);
  const at::Tensor held_out = random_normal({50, 32}, 2);
  const at::Tensor fresh = random_normal({50, 32}, 3);
  const at::Tensor copies = training.narrow(0, 0, 50) + 0.05 * random_normal({50, 32}, 4);
  EXPECT_NEAR(novelty(fresh, held_out, training), 1, 0.05);
  EXPECT_LT(novelty(copies, held_out, training), 0.2);
}

}  // namespace
}  // namespace riffle::eval
