// SPDX-License-Identifier: GPL-3.0-or-later
// Samplers without noise come to the exact flow as fast as their order says.
#include <gtest/gtest.h>

#include <cmath>

#include "support.h"

namespace riffle::diffusion::test {
namespace {

// The error against the exact flow of Gaussian data down to the first trained level. Samplers over
// sigmas stand there before their last evaluation, the solvers after it.
double flow_error(const char* name, const SchedulerConfig& config, int64_t steps) {
  constexpr double kDeviation = 0.6;
  const auto scheduler = make(name, config);
  const GaussianData data(scheduler->noise_schedule(), kDeviation);
  const Model model = [&](const at::Tensor& scaled, double t) {
    return data.told(PredictionType::Epsilon, scaled, data.original(scaled, t), t);
  };
  scheduler->set_timesteps(steps);
  const at::Tensor start =
      scheduler->init_noise_sigma() * seeded_noise(7, {1, 4, 8, 8}).to(at::kDouble);
  const Sampled sampled = run(*scheduler, start, model);
  const double t = scheduler->timesteps().front();
  if (scheduler->init_noise_sigma() == 1)
    return relative_error(sampled.last(), start * (data.spread(0) / data.spread(t)));
  const double from = std::hypot(kDeviation, scheduler->noise_schedule().sigma(t));
  const double to = std::hypot(kDeviation, scheduler->noise_schedule().sigma(0));
  return relative_error(sampled.trajectory[sampled.trajectory.size() - 2], start * (to / from));
}

TEST(ConvergenceTest, ErrorsFallByTheOrderOfTheMethod) {
  const auto gain = [](const char* name, const SchedulerConfig& config) {
    return flow_error(name, config, 20) / flow_error(name, config, 40);
  };
  SchedulerConfig karras = SchedulerConfig::stable_diffusion();
  karras.use_karras_sigmas = true;
  karras.eta = 0;
  EXPECT_NEAR(gain("euler", karras), 2, 0.3);
  EXPECT_GT(gain("heun", karras), 3.5);
  EXPECT_GT(gain("dpmpp_sde", karras), 3.5);
}

// The solvers' order shows where log SNR falls evenly, so that no single step holds all the error:
// from 4 to -4 over 1000 timesteps. 37 and 111 steps fall on whole timesteps.
TEST(ConvergenceTest, SolversGainByTheirOrder) {
  SchedulerConfig config;
  config.lower_order_final = false;
  double before = 1;
  for (int i = 0; i < 1000; ++i) {
    const double alpha_cumprod = 1 / (1 + std::exp(-2 * std::lerp(4.0, -4.0, i / 999.0)));
    config.trained_betas.push_back(1 - alpha_cumprod / before);
    before = alpha_cumprod;
  }
  const auto gain = [&](const char* name, int64_t order) {
    config.solver_order = order;
    return flow_error(name, config, 37) / flow_error(name, config, 111);
  };
  EXPECT_NEAR(gain("dpmpp_2m", 1), 3, 0.5);
  EXPECT_GT(gain("dpmpp_2m", 2), 7);
  EXPECT_GT(gain("unipc", 1), 7);
  EXPECT_GT(gain("unipc", 2), 18);
  EXPECT_GT(gain("unipc", 3), 40);
}

}  // namespace
}  // namespace riffle::diffusion::test
