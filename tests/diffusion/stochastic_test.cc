// SPDX-License-Identifier: GPL-3.0-or-later
// Samplers that bring noise in, against their papers' formulas evaluated here in double precision
// with the same noise, and their limits without noise.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "diffusion/ancestral.h"
#include "support.h"

namespace riffle::diffusion::test {
namespace {

constexpr uint64_t kSeed = 21;
const std::vector<uint64_t> kSeeds = {kSeed};

at::Tensor start_of(const Scheduler& scheduler) {
  return scheduler.init_noise_sigma() * seeded_noise(7, {1, 4, 8, 8}).to(at::kDouble);
}

// The noise the scheduler will draw, draw by draw.
class Replay {
 public:
  at::Tensor operator()() { return source_.next(at::empty({1, 4, 8, 8}, at::kDouble)); }

 private:
  SeededNoise source_{kSeeds};
};

at::Tensor result(Scheduler& scheduler, const Model& model = analytic_model) {
  SeededNoise noise(kSeeds);
  return run(scheduler, start_of(scheduler), model, &noise).last();
}

// x0 by eps prediction from a sample with alpha = 1.
at::Tensor denoised(const at::Tensor& x, double sigma, double t) {
  return x - sigma * analytic_model(x / std::sqrt(1 + sigma * sigma), t);
}

SchedulerConfig config_with(std::optional<double> eta, bool karras = false) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  config.eta = eta;
  config.use_karras_sigmas = karras;
  return config;
}

TEST(StochasticTest, TheSeedDecidesEverything) {
  for (const char* name : {"euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "lcm"}) {
    SCOPED_TRACE(name);
    const auto scheduler = make(name, config_with({}));
    const auto with_seed = [&](uint64_t seed) {
      scheduler->set_timesteps(6);
      const std::vector<uint64_t> seeds = {seed};
      SeededNoise noise(seeds);
      return run(*scheduler, start_of(*scheduler), analytic_model, &noise).last();
    };
    const at::Tensor first = with_seed(1);
    EXPECT_TRUE(at::equal(with_seed(1), first));
    EXPECT_GT(relative_error(with_seed(2), first), 1e-2);
  }
}

TEST(StochasticTest, AncestralSplitAddsUp) {
  for (const double eta : {0.0, 0.3, 1.0}) {
    for (const double to : {0.0, 0.1, 1.9, 2.0}) {
      const auto [down, up] = ancestral_split(2, to, eta);
      EXPECT_NEAR(std::hypot(down, up), to, 1e-12);
      EXPECT_NEAR(up, eta * to * std::sqrt(1 - to * to / 4), 1e-12);
    }
  }
}

TEST(StochasticTest, EulerAncestralFollowsItsFormula) {
  const auto scheduler = make("euler_ancestral", config_with({}));
  scheduler->set_timesteps(9);
  Replay noise;
  const NoiseSchedule& schedule = scheduler->noise_schedule();
  at::Tensor x = start_of(*scheduler);
  const auto& timesteps = scheduler->timesteps();
  for (size_t i = 0; i < timesteps.size(); ++i) {
    const double from = schedule.sigma(timesteps[i]);
    const double to = i + 1 < timesteps.size() ? schedule.sigma(timesteps[i + 1]) : 0;
    const double up = std::sqrt(to * to * (from * from - to * to) / (from * from));
    const double down = std::sqrt(to * to - up * up);
    const at::Tensor derivative = (x - denoised(x, from, timesteps[i])) / from;
    x = x + derivative * (down - from);
    if (to > 0) x = x + noise() * up;
  }
  EXPECT_LT(relative_error(result(*scheduler), x), 1e-10);
}

// k-diffusion's form, in the solver's time -log sigma, with the steps of its Brownian motion.
TEST(StochasticTest, DpmppSdeFollowsItsFormula) {
  for (const bool karras : {false, true}) {
    const auto scheduler = make("dpmpp_sde", config_with({}, karras));
    scheduler->set_timesteps(8);
    Replay noise;
    const auto& list = scheduler->timesteps();
    const NoiseSchedule& schedule = scheduler->noise_schedule();
    std::vector<double> sigmas;
    for (size_t i = 0; i < list.size(); i += 2) sigmas.push_back(schedule.sigma(list[i]));
    if (karras) sigmas = karras_sigmas(schedule.sigma(0), schedule.sigma(999), 8);
    at::Tensor x = start_of(*scheduler);
    for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
      const double from = sigmas[i];
      const double to = sigmas[i + 1];
      const double middle = std::exp((std::log(from) + std::log(to)) / 2);
      const at::Tensor clean = denoised(x, from, list[2 * i]);
      const at::Tensor z1 = noise();
      double up = middle * std::sqrt(1 - middle * middle / (from * from));
      double down = std::sqrt(middle * middle - up * up);
      at::Tensor inner = down / from * x - std::expm1(std::log(down / from)) * clean + up * z1;
      inner = denoised(inner, middle, list[2 * i + 1]);
      const at::Tensor motion = std::sqrt(from - middle) * z1 + std::sqrt(middle - to) * noise();
      up = to * std::sqrt(1 - to * to / (from * from));
      down = std::sqrt(to * to - up * up);
      x = down / from * x - std::expm1(std::log(down / from)) * inner +
          up * motion / std::sqrt(from - to);
    }
    x = denoised(x, sigmas.back(), list.back());
    EXPECT_LT(relative_error(result(*scheduler), x), 1e-7) << karras;
  }
}

// Lu et al. 2022, SDE-DPM-Solver++(2M) in lambda = log(alpha / sigma).
TEST(StochasticTest, Dpmpp2mSdeFollowsItsFormula) {
  const auto scheduler = make("dpmpp_2m_sde", config_with({}));
  scheduler->set_timesteps(20);
  Replay noise;
  const auto& abar = scheduler->noise_schedule().alphas_cumprod();
  at::Tensor x = start_of(*scheduler);
  at::Tensor last_clean;
  double last_lambda = 0;
  const auto& timesteps = scheduler->timesteps();
  for (size_t i = 0; i < timesteps.size(); ++i) {
    const double from = abar[static_cast<size_t>(timesteps[i])];
    const double to =
        i + 1 < timesteps.size() ? abar[static_cast<size_t>(timesteps[i + 1])] : abar[0];
    const auto lambda = [](double a) { return 0.5 * std::log(a / (1 - a)); };
    const double h = lambda(to) - lambda(from);
    const at::Tensor clean =
        (x - std::sqrt(1 - from) * analytic_model(x, timesteps[i])) / std::sqrt(from);
    const double gain = std::sqrt(to) * (1 - std::exp(-2 * h));
    at::Tensor next = std::sqrt((1 - to) / (1 - from)) * std::exp(-h) * x + gain * clean +
                      std::sqrt(1 - to) * std::sqrt(1 - std::exp(-2 * h)) * noise();
    if (i > 0) {
      const double ratio = (lambda(from) - last_lambda) / h;
      next = next + 0.5 * gain * (clean - last_clean) / ratio;
    }
    last_clean = clean;
    last_lambda = lambda(from);
    x = next;
  }
  EXPECT_LT(relative_error(result(*scheduler), x), 1e-9);
}

TEST(StochasticTest, DdimWithNoiseFollowsItsFormula) {
  for (const double eta : {0.5, 1.0}) {
    const auto scheduler = make("ddim", config_with(eta));
    scheduler->set_timesteps(10);
    Replay noise;
    const auto& abar = scheduler->noise_schedule().alphas_cumprod();
    at::Tensor x = start_of(*scheduler);
    for (int i = 9; i >= 0; --i) {
      const int t = 100 * i + 1;
      const double from = abar[static_cast<size_t>(t)];
      const double to = abar[static_cast<size_t>(i > 0 ? t - 100 : 0)];
      const double variance = (1 - to) / (1 - from) * (1 - from / to);
      const at::Tensor eps = analytic_model(x, t);
      x = std::sqrt(to) * (x - std::sqrt(1 - from) * eps) / std::sqrt(from) +
          std::sqrt(1 - to - eta * eta * variance) * eps + eta * std::sqrt(variance) * noise();
    }
    EXPECT_LT(relative_error(result(*scheduler), x), 1e-10) << eta;
  }
}

// Luo et al. 2023, algorithm 3, with the published model's skipping step and boundary scalings.
TEST(LcmTest, FollowsItsFormula) {
  const auto scheduler = make("lcm", config_with({}));
  scheduler->set_timesteps(4);
  // 50 teacher steps end at 19, 39... 999; of these every 12.5th, from the top.
  EXPECT_EQ(scheduler->timesteps(), (std::vector<double>{999, 759, 499, 259}));
  Replay noise;
  const auto& abar = scheduler->noise_schedule().alphas_cumprod();
  at::Tensor x = start_of(*scheduler);
  const auto& timesteps = scheduler->timesteps();
  for (size_t i = 0; i < 4; ++i) {
    const double a = abar[static_cast<size_t>(timesteps[i])];
    const double scaled_t = 10 * timesteps[i];
    const double skip = 0.25 / (scaled_t * scaled_t + 0.25);
    const double out = scaled_t / std::sqrt(scaled_t * scaled_t + 0.25);
    const at::Tensor clean =
        (x - std::sqrt(1 - a) * analytic_model(x, timesteps[i])) / std::sqrt(a);
    x = out * clean + skip * x;
    if (i == 3) break;
    const double next = abar[static_cast<size_t>(timesteps[i + 1])];
    x = std::sqrt(next) * x + std::sqrt(1 - next) * noise();
  }
  EXPECT_LT(relative_error(result(*scheduler), x), 1e-10);
}

TEST(LcmTest, TakesAtMostTheTeachersSteps) {
  const auto scheduler = make("lcm", config_with({}));
  EXPECT_NO_THROW(scheduler->set_timesteps(50));
  EXPECT_EQ(scheduler->timesteps().size(), 50U);
  EXPECT_ANY_THROW(scheduler->set_timesteps(51));
}

TEST(NoNoiseLimitTest, EulerAncestralIsEuler) {
  const auto ancestral = make("euler_ancestral", config_with(0.0));
  const auto euler = make("euler", config_with({}));
  ancestral->set_timesteps(12);
  euler->set_timesteps(12);
  EXPECT_LT(relative_error(run(*ancestral, start_of(*ancestral), analytic_model).last(),
                           run(*euler, start_of(*euler), analytic_model).last()),
            1e-12);
}

TEST(NoNoiseLimitTest, Dpmpp2mSdeIsDpmpp2m) {
  const auto sde = make("dpmpp_2m_sde", config_with(0.0));
  const auto ode = make("dpmpp_2m", config_with({}));
  sde->set_timesteps(20);
  ode->set_timesteps(20);
  EXPECT_LT(relative_error(run(*sde, start_of(*sde), analytic_model).last(),
                           run(*ode, start_of(*ode), analytic_model).last()),
            1e-12);
}

}  // namespace
}  // namespace riffle::diffusion::test
