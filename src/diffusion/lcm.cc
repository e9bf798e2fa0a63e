// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/lcm.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

constexpr double kSigmaData = 0.5;

class LCMScheduler final : public Scheduler {
 public:
  explicit LCMScheduler(const SchedulerConfig& config) : Scheduler(config) {}

 protected:
  // A subset of the timesteps the teacher was distilled at: the ends of original_inference_steps
  // equal stretches, thinned evenly from the noisy end.
  SchedulePlan plan(int64_t steps) const override {
    const int64_t original = config().original_inference_steps;
    if (steps < 1 || steps > original)
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("lcm: steps must be 1 to {}, got {}", original, steps));
    const int64_t stretch = consistency_stretch(config());
    SchedulePlan plan;
    for (int64_t i = 0; i < steps; ++i) {
      const int64_t timestep = (original - i * original / steps) * stretch - 1;
      plan.timesteps.push_back(static_cast<double>(timestep));
      plan.levels.push_back(noise_schedule().level(timestep));
    }
    plan.levels.push_back(Level{});
    return plan;
  }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource* noise) override {
    const auto [skip, out] =
        consistency_scales(config(), timesteps()[static_cast<size_t>(index())]);
    const at::Tensor clean = out * original_in(model_output, sample) + skip * sample;
    if (is_last()) return clean;
    return next_level().alpha * clean + next_level().sigma * fresh_noise(noise, sample);
  }
};

}  // namespace

ConsistencyScales consistency_scales(const SchedulerConfig& config, double timestep) {
  const double t = config.timestep_scaling * timestep;
  return {.skip = kSigmaData * kSigmaData / (t * t + kSigmaData * kSigmaData),
          .out = t / std::hypot(t, kSigmaData)};
}

int64_t consistency_stretch(const SchedulerConfig& config) {
  return config.num_train_timesteps / config.original_inference_steps;
}

std::unique_ptr<Scheduler> make_lcm(const SchedulerConfig& config) {
  return std::make_unique<LCMScheduler>(config);
}

}  // namespace riffle::diffusion
