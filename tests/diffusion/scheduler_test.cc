// SPDX-License-Identifier: GPL-3.0-or-later
// Laws every scheduler keeps.
#include "diffusion/scheduler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "support.h"
#include "support/test_files.h"

namespace riffle::diffusion::test {
namespace {

class EverySchedulerTest : public testing::TestWithParam<SchedulerEntry> {
 protected:
  std::unique_ptr<Scheduler> made(PredictionType type = PredictionType::Epsilon) const {
    SchedulerConfig config = SchedulerConfig::stable_diffusion();
    config.prediction_type = type;
    return GetParam().make(config);
  }
  bool is_consistency() const { return GetParam().name == "lcm"; }

  // A whole run with a perfect model of the data.
  at::Tensor sampled_from(Scheduler& scheduler, const GaussianData& data,
                          at::IntArrayRef shape) const {
    const Model model = [&](const at::Tensor& scaled, double t) {
      const at::Tensor clean =
          is_consistency() ? data.end_of_flow(scaled, t) : data.original(scaled, t);
      return data.told(scheduler.config().prediction_type, scaled, clean, t);
    };
    const std::vector<uint64_t> seeds = {1};
    SeededNoise noise(seeds);
    const at::Tensor start =
        scheduler.init_noise_sigma() * noise.next(at::empty(shape, at::kDouble));
    return run(scheduler, start, model, &noise).last();
  }

  static constexpr double kDeviation = 0.6;
};

INSTANTIATE_TEST_SUITE_P(Table, EverySchedulerTest, testing::ValuesIn(scheduler_table()),
                         [](const auto& row) { return std::string(row.param.name); });

// With a perfect model of N(0, 0.6^2) data the samples come out as such data. 16384 values have
// their deviation known to 0.6 %, and samplers of first order are off by 2 % after 400 steps.
TEST_P(EverySchedulerTest, APerfectModelGivesTheDataBack) {
  const auto scheduler = made();
  const GaussianData data(scheduler->noise_schedule(), kDeviation);
  scheduler->set_timesteps(is_consistency() ? 8 : 400);
  const at::Tensor last = sampled_from(*scheduler, data, {1, 4, 64, 64});
  EXPECT_NEAR(last.std().item<double>() / kDeviation, 1, 0.025);
  EXPECT_NEAR(last.mean().item<double>(), 0, 0.02);
}

TEST_P(EverySchedulerTest, WhatTheModelIsAskedToTellMakesNoDifference) {
  std::vector<at::Tensor> results;
  for (const auto type :
       {PredictionType::Epsilon, PredictionType::VPrediction, PredictionType::Sample}) {
    const auto scheduler = made(type);
    const GaussianData data(scheduler->noise_schedule(), kDeviation);
    scheduler->set_timesteps(12);
    results.push_back(sampled_from(*scheduler, data, {1, 4, 8, 8}));
  }
  // Between timesteps, sigma and timestep are tied by interpolations that differ each way.
  EXPECT_LT(relative_error(results[1], results[0]), 1e-5);
  EXPECT_LT(relative_error(results[2], results[0]), 1e-5);
}

TEST_P(EverySchedulerTest, ABatchEqualsItsSingles) {
  const std::vector<uint64_t> seeds = {11, 5, 1234567};
  const auto result = [&](std::vector<uint64_t> chosen) {
    const auto scheduler = made();
    scheduler->set_timesteps(7);
    SeededNoise noise(chosen);
    const auto count = std::ssize(chosen);
    const at::Tensor start =
        scheduler->init_noise_sigma() * noise.next(at::empty({count, 4, 8, 8}));
    return run(*scheduler, start, analytic_model, &noise).last();
  };
  const at::Tensor batch = result(seeds);
  for (size_t b = 0; b < seeds.size(); ++b)
    EXPECT_TRUE(at::allclose(batch[static_cast<int64_t>(b)], result({seeds[b]})[0], 1e-6, 1e-6));
}

TEST_P(EverySchedulerTest, ASecondRunRemembersNothingOfTheFirst) {
  const auto scheduler = made();
  const std::vector<uint64_t> seeds = {3};
  const auto result = [&] {
    scheduler->set_timesteps(6);
    SeededNoise noise(seeds);
    const at::Tensor start = scheduler->init_noise_sigma() * noise.next(at::empty({1, 4, 4, 4}));
    return run(*scheduler, start, analytic_model, &noise).last();
  };
  const at::Tensor first = result();
  scheduler->set_timesteps(9);
  SeededNoise other(seeds);
  const at::Tensor sample = at::full({1, 4, 4, 4}, 3.0);
  scheduler->step(sample, scheduler->timesteps()[0], sample, &other);
  EXPECT_TRUE(at::equal(result(), first));
}

TEST_P(EverySchedulerTest, AddedNoiseIsWhatScalingAndPredictionTakeItFor) {
  for (const auto type :
       {PredictionType::Epsilon, PredictionType::VPrediction, PredictionType::Sample}) {
    const auto scheduler = made(type);
    scheduler->set_timesteps(10);
    scheduler->start_at(4);
    const double t = scheduler->timesteps()[4];
    const at::Tensor x0 = 0.5 * seeded_noise(1, {1, 4, 32, 32}).to(at::kDouble);
    const at::Tensor eps = seeded_noise(2, {1, 4, 32, 32}).to(at::kDouble);
    const at::Tensor noised = scheduler->add_noise(x0, eps, t);
    // Scaled for the model the sample is variance preserving, sqrt(a) x0 + sqrt(1 - a) eps.
    const at::Tensor scaled = scheduler->scale_model_input(noised, t);
    const GaussianData data(scheduler->noise_schedule(), 1);
    // The model's timestep and its sigma are tied by interpolation, in other ways each way.
    EXPECT_LT(relative_error(scaled, data.alpha(t) * x0 + data.sigma(t) * eps), 1e-4);
    const at::Tensor output = data.told(type, scaled, x0, t);
    EXPECT_LT(relative_error(scheduler->predicted_original(output, t, noised), x0), 1e-3);
  }
}

TEST_P(EverySchedulerTest, HalfPrecisionSamplesAreReckonedInFloat) {
  const auto result = [&](at::ScalarType type) {
    const auto scheduler = made();
    scheduler->set_timesteps(8);
    const std::vector<uint64_t> seeds = {9};
    SeededNoise noise(seeds);
    // Samples are rounded to half once a step, and nothing else is.
    at::Tensor sample = (scheduler->init_noise_sigma() * noise.next(at::empty({1, 4, 8, 8})));
    sample = sample.to(at::kHalf).to(type);
    for (const double t : scheduler->timesteps()) {
      const at::Tensor output =
          analytic_model(scheduler->scale_model_input(sample.to(at::kFloat), t), t).to(at::kHalf);
      sample = scheduler->step(output.to(type), t, sample, &noise);
      sample = sample.to(at::kHalf).to(type);
    }
    return sample.to(at::kFloat);
  };
  EXPECT_TRUE(at::equal(result(at::kHalf), result(at::kFloat)));
}

TEST_P(EverySchedulerTest, KeepsToItsTimesteps) {
  const auto scheduler = made();
  const at::Tensor x = at::ones({1, 4, 2, 2});
  EXPECT_RIFFLE_ERROR(scheduler->step(x, 1, x), ErrorCode::InvalidArgument, "set_timesteps");
  scheduler->set_timesteps(4);
  const auto timesteps = scheduler->timesteps();
  EXPECT_RIFFLE_ERROR(scheduler->step(x, timesteps[0] + 1, x), ErrorCode::InvalidArgument,
                      "timestep");
  EXPECT_RIFFLE_ERROR(scheduler->step(at::ones({1, 4, 2, 3}), timesteps[0], x),
                      ErrorCode::InvalidArgument, "[1, 4, 2, 2], got [1, 4, 2, 3]");
  EXPECT_RIFFLE_ERROR(scheduler->add_noise(x, x, 0.123), ErrorCode::InvalidArgument, "0.123");
  EXPECT_RIFFLE_ERROR(scheduler->start_at(std::ssize(timesteps)), ErrorCode::InvalidArgument,
                      "cannot start");
  EXPECT_RIFFLE_ERROR(scheduler->start_at(-1), ErrorCode::InvalidArgument, "cannot start");
  if (scheduler->evaluations_per_step() > 1) {
    EXPECT_RIFFLE_ERROR(scheduler->start_at(1), ErrorCode::InvalidArgument, "2 a step");
  }
  const std::vector<uint64_t> seeds = {1};
  SeededNoise noise(seeds);
  run(*scheduler, x, analytic_model, &noise);
  EXPECT_RIFFLE_ERROR(scheduler->step(x, timesteps.back(), x), ErrorCode::InvalidArgument, "done");
  EXPECT_RIFFLE_ERROR(scheduler->set_timesteps(0), ErrorCode::InvalidArgument, "got 0");
  EXPECT_RIFFLE_ERROR(scheduler->set_timesteps(1001), ErrorCode::InvalidArgument, "got 1001");
}

// Lin et al. 2023: a schedule that ends in pure noise, begun there.
TEST_P(EverySchedulerTest, CanStartFromPureNoise) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  config.rescale_betas_zero_snr = true;
  config.prediction_type = PredictionType::VPrediction;
  config.timestep_spacing = TimestepSpacing::Trailing;
  const auto scheduler = GetParam().make(config);
  const GaussianData data(scheduler->noise_schedule(), kDeviation);
  scheduler->set_timesteps(is_consistency() ? 8 : 400);
  EXPECT_EQ(scheduler->timesteps().front(), 999);
  const at::Tensor last = sampled_from(*scheduler, data, {1, 4, 32, 32});
  EXPECT_NEAR(last.std().item<double>() / kDeviation, 1, 0.05);
}

// One step is the fewest there can be.
TEST_P(EverySchedulerTest, OneStepIsEnough) {
  const auto scheduler = made();
  scheduler->set_timesteps(1);
  ASSERT_EQ(scheduler->timesteps().size(), 1U);
  const std::vector<uint64_t> seeds = {1};
  SeededNoise noise(seeds);
  const at::Tensor start = scheduler->init_noise_sigma() * noise.next(at::empty({1, 4, 4, 4}));
  EXPECT_TRUE(run(*scheduler, start, analytic_model, &noise).last().isfinite().all().item<bool>());
}

// Samplers without memory do not know where they began: the tail of a run is a run from there.
TEST(SchedulerStartTest, MemorylessSamplersContinueFromAnywhere) {
  for (const char* name : {"ddim", "euler", "euler_karras", "heun"}) {
    SCOPED_TRACE(name);
    const auto scheduler = make(name, SchedulerConfig::stable_diffusion());
    scheduler->set_timesteps(10);
    const at::Tensor start = scheduler->init_noise_sigma() * seeded_noise(4, {1, 4, 8, 8});
    const Sampled whole = run(*scheduler, start, analytic_model);
    scheduler->start_at(6);
    EXPECT_TRUE(
        at::equal(run(*scheduler, whole.trajectory[5], analytic_model).last(), whole.last()));
  }
}

// Multistep samplers begin again at first order: their first step from anywhere is DDIM's.
TEST(SchedulerStartTest, MultistepSamplersStartAnewAtFirstOrder) {
  for (const char* name : {"pndm", "lms", "dpmpp_2m", "dpmpp_2m_karras", "unipc"}) {
    SCOPED_TRACE(name);
    const auto scheduler = make(name, SchedulerConfig::stable_diffusion());
    scheduler->set_timesteps(20);
    const at::Tensor x0 = seeded_noise(1, {1, 4, 8, 8}).to(at::kDouble);
    const at::Tensor eps = seeded_noise(2, {1, 4, 8, 8}).to(at::kDouble);
    scheduler->start_at(8);
    const at::Tensor noised = scheduler->add_noise(x0, eps, scheduler->timesteps()[8]);
    const at::Tensor next = scheduler->step(eps, scheduler->timesteps()[8], noised);
    EXPECT_LT(relative_error(next, scheduler->add_noise(x0, eps, scheduler->timesteps()[9])),
              1e-12);
  }
}

// Ending at no noise at all, the last thing the solvers do is to return their prediction of x0.
TEST(SchedulerEndTest, SolversCanEndAtZero) {
  for (const char* name : {"dpmpp_2m", "dpmpp_2m_karras", "unipc"}) {
    SCOPED_TRACE(name);
    SchedulerConfig config = SchedulerConfig::stable_diffusion();
    config.final_sigmas_type = FinalSigmas::Zero;
    for (const bool lower_order_final : {true, false}) {
      config.lower_order_final = lower_order_final;
      const auto scheduler = make(name, config);
      scheduler->set_timesteps(20);
      at::Tensor sample = seeded_noise(1, {1, 4, 8, 8}).to(at::kDouble);
      at::Tensor prediction;
      for (const double t : scheduler->timesteps()) {
        const at::Tensor output = analytic_model(sample, t);
        prediction = scheduler->predicted_original(output, t, sample);
        sample = scheduler->step(output, t, sample);
      }
      EXPECT_TRUE(sample.isfinite().all().item<bool>());
      // unipc corrects the sample it predicts from before it steps.
      EXPECT_LT(relative_error(sample, prediction), name == std::string("unipc") ? 0.05 : 1e-12);
    }
  }
}

}  // namespace
}  // namespace riffle::diffusion::test
