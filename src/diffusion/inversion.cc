// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/inversion.h"

#include <algorithm>
#include <cmath>

namespace riffle::diffusion {
namespace {

// From the first training timestep up to another one.
class DDIMInversion final : public Scheduler {
 public:
  DDIMInversion(const SchedulerConfig& config, int64_t top) : Scheduler(config), top_(top) {}

 protected:
  SchedulePlan plan(int64_t steps) const override {
    SchedulePlan plan;
    for (int64_t i = 0; i <= steps; ++i) {
      const int64_t t = std::llround(static_cast<double>(top_ * i) / static_cast<double>(steps));
      if (i < steps) plan.timesteps.push_back(static_cast<double>(t));
      plan.levels.push_back(noise_schedule().level(t));
    }
    return plan;
  }

  // DDIM's step, the other way. One of second order comes nearer to the noise and leaves less room
  // for another sound: with riffle-small 46 % of instruments are heard in place of 63 %.
  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource* /*noise*/) override {
    const Level to = next_level();
    return to.alpha * original_in(model_output, sample) + to.sigma * noise_in(model_output, sample);
  }

 private:
  int64_t top_;
};

}  // namespace

at::Tensor inverted_noise(models::Denoiser& denoiser, const SchedulerConfig& config,
                          const at::Tensor& latents, double top, int64_t evaluations,
                          std::span<const GuidedPrompt> prompts, const SampleOptions& options,
                          const Job& job) {
  const auto whole = static_cast<int64_t>(top);
  DDIMInversion scheduler(config, whole);
  // Timesteps must differ.
  scheduler.set_timesteps(std::clamp<int64_t>(evaluations, 1, std::max<int64_t>(1, whole)));
  const SampleOptions own{.guidance = {.scale = 1},
                          .windows = options.windows,
                          .cache_interval = options.cache_interval};
  const at::Tensor noisy = sample(denoiser, scheduler, latents, prompts, own, job);
  const Level level = scheduler.noise_schedule().level(whole);
  return (noisy - level.alpha * latents) / level.sigma;
}

}  // namespace riffle::diffusion
