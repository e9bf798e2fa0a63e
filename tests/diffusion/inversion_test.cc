// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/inversion.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/error.h"
#include "diffusion/noise.h"
#include "support.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

// Of data of a normal distribution the best denoiser is known: with x0 of variance v a sample
// alpha x0 + sigma eps holds the noise sigma / (alpha^2 v + sigma^2) times itself.
class NormalDenoiser final : public models::Denoiser {
 public:
  static constexpr double kVariance = 0.25;

  int64_t latent_channels() const override { return 4; }
  int64_t training_columns() const override { return 16; }
  const Json& scheduler_config() const override { return config_; }
  at::Tensor predict(const at::Tensor& latents, double t, const models::Conditioning& conditioning,
                     const models::DenoiseOptions& /*options*/, const Job& job) override {
    job.check();
    EXPECT_EQ(conditioning.tokens.size(0), 1) << "inversion is not guided";
    const Level level = schedule_.level(static_cast<int64_t>(t));
    const double all = level.alpha * level.alpha * kVariance + level.sigma * level.sigma;
    return latents * (level.sigma / all);
  }

 private:
  Json config_ = Json::object();
  NoiseSchedule schedule_{SchedulerConfig::stable_diffusion()};
};

class InversionTest : public testing::Test {
 protected:
  at::Tensor inverted(const at::Tensor& latents, double top, int64_t evaluations,
                      const Job& job = {}) {
    SampleOptions options;
    options.guidance = {.scale = 7};
    options.windows = {.window = 16, .overlap = 4};
    return inverted_noise(denoiser_, SchedulerConfig::stable_diffusion(), latents, top, evaluations,
                          std::span(&prompt_, 1), options, job);
  }

  NormalDenoiser denoiser_;
  GuidedPrompt prompt_{{.tokens = at::zeros({1, 3, 5})}, {.tokens = at::ones({1, 3, 5})}};
};

TEST_F(InversionTest, FindsTheNoiseThatDdimComesFrom) {
  const at::Tensor noise = seeded_noise(5, {1, 4, 6, 40});
  auto ddim = test::make("ddim", SchedulerConfig::stable_diffusion());
  ddim->set_timesteps(250);
  SampleOptions options;
  options.guidance = {.scale = 1};
  options.windows = {.window = 16, .overlap = 4};
  const double top = ddim->timesteps().front();
  const at::Tensor made = sample(denoiser_, *ddim, noise, std::span(&prompt_, 1), options);
  EXPECT_NEAR(made.std().item<double>(), 0.5, 0.03) << "of the data's deviation";
  const auto error = [&](int64_t evaluations) {
    // The sample at the top is almost all noise: alpha there is 0.07.
    return (inverted(made, top, evaluations) - noise).norm().item<double>() /
           noise.norm().item<double>();
  };
  EXPECT_LT(error(250), 0.1);
  EXPECT_LT(error(250), error(20));
}

TEST_F(InversionTest, LeadsToASampleLikeThoseOfTheLevel) {
  const at::Tensor latents = 0.5 * seeded_noise(3, {1, 4, 6, 32});
  const NoiseSchedule schedule(SchedulerConfig::stable_diffusion());
  for (const int64_t top : {100, 400, 999}) {
    const Level level = schedule.level(top);
    const at::Tensor noise = inverted(latents, static_cast<double>(top), 100);
    const double deviation = (level.alpha * latents + level.sigma * noise).std().item<double>();
    const double expected = std::hypot(level.alpha * 0.5, level.sigma);
    EXPECT_NEAR(deviation / expected, 1, 0.05) << top;
  }
}

TEST_F(InversionTest, TheLeastNoiseTakesOneEvaluation) {
  const at::Tensor latents = 0.5 * seeded_noise(3, {1, 4, 6, 16});
  EXPECT_TRUE(inverted(latents, 0, 20).isfinite().all().item<bool>());
  EXPECT_TRUE(inverted(latents, 1, 20).isfinite().all().item<bool>());
}

TEST_F(InversionTest, StopsOnTheWay) {
  std::stop_source stop;
  const Job job{stop.get_token(), [&](const Progress& progress) {
                  if (progress.done == 3) stop.request_stop();
                }};
  EXPECT_RIFFLE_ERROR(inverted(seeded_noise(3, {1, 4, 6, 16}), 999, 20, job), ErrorCode::Cancelled,
                      "");
}

}  // namespace
}  // namespace riffle::diffusion
