// SPDX-License-Identifier: GPL-3.0-or-later
// Samplers on the noise levels of EDM models, against the closed form of Gaussian data.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "support.h"
#include "support/test_files.h"

namespace riffle::diffusion::test {
namespace {

constexpr double kDeviation = 0.6;

// A perfect model of N(0, kDeviation^2).
Model perfect_model(const Scheduler& scheduler) {
  return [data = GaussianData(scheduler.noise_schedule(), kDeviation)](
             const at::Tensor& scaled, double t) { return data.original(scaled, t); };
}

at::Tensor start_of(const Scheduler& scheduler, at::IntArrayRef shape) {
  return scheduler.init_noise_sigma() * seeded_noise(7, shape).to(at::kDouble);
}

// The flow from sigma_max to no noise only scales the sample.
double flow_error(const char* name, int64_t steps) {
  const auto scheduler = make(name, SchedulerConfig::edm({}));
  scheduler->set_timesteps(steps);
  const at::Tensor start = start_of(*scheduler, {1, 4, 1, 64});
  const at::Tensor got = run(*scheduler, start, perfect_model(*scheduler)).last();
  return relative_error(got, start * (kDeviation / std::hypot(kDeviation, 80)));
}

TEST(EdmTest, LevelsAreKarrasGrid) {
  const auto scheduler = make("euler", SchedulerConfig::edm({}));
  scheduler->set_timesteps(30);
  const std::vector<double>& sigmas = scheduler->timesteps();
  ASSERT_EQ(sigmas.size(), 30U);
  EXPECT_DOUBLE_EQ(sigmas[0], 80);
  // Of N - 1 intervals; third-party figures for N = 30 count 30 of them and lie a little lower.
  EXPECT_NEAR(sigmas[15],
              std::pow((std::pow(80, 1 / 7.0) * 14 + std::pow(0.002, 1 / 7.0) * 15) / 29, 7), 1e-9);
  EXPECT_NEAR(sigmas[29], 0.002, 1e-12);
  EXPECT_DOUBLE_EQ(scheduler->init_noise_sigma(), 80);
}

TEST(EdmTest, SamplersComeToTheExactFlowByTheirOrder) {
  EXPECT_NEAR(flow_error("euler", 30) / flow_error("euler", 60), 2, 0.4);
  EXPECT_GT(flow_error("heun", 30) / flow_error("heun", 60), 3.3);
  EXPECT_GT(flow_error("dpmpp_2m", 30) / flow_error("dpmpp_2m", 60), 3.0);
  EXPECT_LT(flow_error("heun", 30), 0.02);
  EXPECT_LT(flow_error("dpmpp_2m", 30), 0.02);
  EXPECT_LT(flow_error("unipc", 30), 0.01);
  EXPECT_LT(flow_error("lms", 30), 0.03);
}

TEST(EdmTest, HeunTakesTwoEvaluationsAStepButForTheLast) {
  const auto scheduler = make("heun", SchedulerConfig::edm({}));
  scheduler->set_timesteps(30);
  EXPECT_EQ(scheduler->timesteps().size(), 59U);
}

// One step by hand, in the form of the paper: x_0 = 5, D = 0.36 x / (0.36 + sigma^2).
TEST(EdmTest, AHeunStepIsThePapers) {
  SchedulerConfig config = SchedulerConfig::edm({.sigma_min = 1, .sigma_max = 4, .rho = 1});
  const auto scheduler = make("heun", config);
  scheduler->set_timesteps(2);
  const at::Tensor start = at::full({1, 1, 1, 1}, 5.0, at::kDouble);
  const auto slope = [](double x, double sigma) {
    return (x - 0.36 * x / (0.36 + sigma * sigma)) / sigma;
  };
  const double first = slope(5, 4);
  const double euler = 5 - 3 * first;
  const double heun = 5 - 3 * (first + slope(euler, 1)) / 2;
  const Sampled sampled = run(*scheduler, start, perfect_model(*scheduler));
  EXPECT_NEAR(sampled.trajectory[0].item<double>(), euler, 1e-12);
  EXPECT_NEAR(sampled.trajectory[1].item<double>(), heun, 1e-12);
  EXPECT_NEAR(sampled.last().item<double>(), heun - slope(heun, 1), 1e-12);
}

// Noise is added and taken away again: what comes out still is the data's distribution.
TEST(EdmTest, ChurnKeepsTheDistribution) {
  SchedulerConfig config = SchedulerConfig::edm({});
  config.churn = {.amount = 10};
  const auto scheduler = make("heun", config);
  scheduler->set_timesteps(40);
  EXPECT_DOUBLE_EQ(scheduler->init_noise_sigma(), 80 * 1.25);
  EXPECT_DOUBLE_EQ(scheduler->timesteps()[2], scheduler->timesteps()[1] * 1.25);
  SeededNoise noise(std::vector<uint64_t>{11});
  const at::Tensor start = start_of(*scheduler, {1, 4, 1, 16384});
  const at::Tensor got = run(*scheduler, start, perfect_model(*scheduler), &noise).last();
  EXPECT_NEAR(got.std().item<double>(), kDeviation, 0.02);
  // And is another draw than without churn.
  const auto plain = make("heun", SchedulerConfig::edm({}));
  plain->set_timesteps(40);
  const at::Tensor before =
      run(*plain, start_of(*plain, {1, 4, 1, 16384}), perfect_model(*plain)).last();
  const double alike = at::cosine_similarity(got.flatten(), before.flatten(), 0).item<double>();
  EXPECT_LT(alike, 0.5);
}

TEST(EdmTest, ReadsTheBundlesFile) {
  const SchedulerConfig config = scheduler_config_from_json(
      {{"_class_name", "EDMScheduler"}, {"sigma_max", 40}, {"sigma_data", 1.0}}, "file");
  ASSERT_TRUE(config.sigma_grid);
  EXPECT_EQ(config.sigma_grid->sigma_max, 40);
  EXPECT_EQ(config.sigma_grid->sigma_min, 0.002);
  EXPECT_EQ(config.prediction_type, PredictionType::Sample);
  EXPECT_RIFFLE_ERROR(
      scheduler_config_from_json({{"_class_name", "EDMScheduler"}, {"sigma_min", -1}}, "file"),
      ErrorCode::BadFile, "file: scheduler: sigma_min must be above 0");
  EXPECT_RIFFLE_ERROR(
      scheduler_config_from_json({{"_class_name", "EDMScheduler"}, {"rho", "x"}}, "file"),
      ErrorCode::BadFile, "rho");
}

TEST(EdmTest, SamplersOfTimestepsSayWhatToChoose) {
  for (const char* name : {"ddim", "pndm", "lcm"}) {
    const auto scheduler = make(name, SchedulerConfig::edm({}));
    EXPECT_RIFFLE_ERROR(scheduler->set_timesteps(4), ErrorCode::Unsupported, "noise levels");
  }
}

}  // namespace
}  // namespace riffle::diffusion::test
