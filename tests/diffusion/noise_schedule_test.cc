// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/noise_schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

// float32 products of a thousand factors.
constexpr double kProductTolerance = 2e-5;

std::vector<double> products(const std::vector<double>& betas) {
  std::vector<double> result;
  double product = 1;
  for (const double beta : betas) result.push_back(product *= 1 - beta);
  return result;
}

void expect_products(const NoiseSchedule& schedule, const std::vector<double>& expected) {
  ASSERT_EQ(schedule.alphas_cumprod().size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(schedule.alphas_cumprod()[i] / expected[i], 1, kProductTolerance) << "at " << i;
}

TEST(NoiseScheduleTest, LinearAndScaledLinearBetas) {
  SchedulerConfig config;
  std::vector<double> betas;
  for (int i = 0; i < 1000; ++i) betas.push_back(std::lerp(0.0001, 0.02, i / 999.0));
  expect_products(NoiseSchedule(config), products(betas));

  config = SchedulerConfig::stable_diffusion();
  for (int i = 0; i < 1000; ++i) {
    const double root = std::lerp(std::sqrt(0.00085), std::sqrt(0.012), i / 999.0);
    betas[static_cast<size_t>(i)] = root * root;
  }
  expect_products(NoiseSchedule(config), products(betas));
}

TEST(NoiseScheduleTest, CosineFollowsItsCurveToWhereTheCapHolds) {
  SchedulerConfig config;
  config.beta_schedule = BetaSchedule::SquaredCosCapV2;
  const NoiseSchedule schedule(config);
  const auto curve = [](double share) {
    return std::pow(std::cos((share + 0.008) / 1.008 * std::numbers::pi / 2), 2);
  };
  for (int i = 0; i < 990; i += 10)
    EXPECT_NEAR(schedule.alphas_cumprod()[static_cast<size_t>(i)],
                curve((i + 1) / 1000.0) / curve(0), 1e-5);
  EXPECT_GT(schedule.alphas_cumprod().back(), 0);
}

TEST(NoiseScheduleTest, TrainedBetasAreTakenAsTheyAre) {
  SchedulerConfig config;
  config.num_train_timesteps = 3;
  config.trained_betas = {0.1, 0.2, 0.5};
  config.original_inference_steps = 1;
  expect_products(NoiseSchedule(config), {0.9, 0.72, 0.36});
}

TEST(NoiseScheduleTest, ZeroTerminalSnrKeepsTheFirstLevelAndEndsInNoise) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  const NoiseSchedule plain(config);
  config.rescale_betas_zero_snr = true;
  config.prediction_type = PredictionType::VPrediction;
  const NoiseSchedule rescaled(config);
  EXPECT_NEAR(rescaled.level(0).alpha, plain.level(0).alpha, 1e-6);
  EXPECT_LT(rescaled.level(999).alpha, 1e-3);
  // Linear in the square root: the middle of the list moves by the same map as its ends.
  const double first = plain.level(0).alpha;
  const double last = plain.level(999).alpha;
  EXPECT_NEAR(rescaled.level(500).alpha, (plain.level(500).alpha - last) * first / (first - last),
              1e-6);
}

TEST(NoiseScheduleTest, SigmaInterpolatesAndItsInverseComesBack) {
  const NoiseSchedule schedule(SchedulerConfig::stable_diffusion());
  const auto at = [&](int t) { return schedule.level(t).sigma / schedule.level(t).alpha; };
  EXPECT_NEAR(schedule.sigma(10), at(10), 1e-12);
  EXPECT_NEAR(schedule.sigma(10.25), 0.75 * at(10) + 0.25 * at(11), 1e-12);
  EXPECT_EQ(schedule.sigma(-5), schedule.sigma(0));
  EXPECT_EQ(schedule.sigma(2000), schedule.sigma(999));
  for (const double t : {0.0, 1.0, 17.0, 500.0, 998.0, 999.0})
    EXPECT_NEAR(schedule.timestep_of(schedule.sigma(t)), t, 1e-9);
  EXPECT_NEAR(schedule.timestep_of(std::sqrt(at(40) * at(41))), 40.5, 1e-9);
  EXPECT_EQ(schedule.timestep_of(1e9), 999);
  EXPECT_EQ(schedule.timestep_of(0), 0);
}

TEST(NoiseScheduleTest, RefusesTimestepsItDoesNotHave) {
  const NoiseSchedule schedule(SchedulerConfig::stable_diffusion());
  EXPECT_RIFFLE_ERROR(schedule.level(-1), ErrorCode::InvalidArgument, "0 to 999, got -1");
  EXPECT_RIFFLE_ERROR(schedule.level(1000), ErrorCode::InvalidArgument, "0 to 999, got 1000");
}

}  // namespace
}  // namespace riffle::diffusion
