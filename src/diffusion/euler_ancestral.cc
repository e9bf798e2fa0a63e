// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/euler_ancestral.h"

#include <ATen/ATen.h>

#include "diffusion/ancestral.h"

namespace riffle::diffusion {
namespace {

class EulerAncestralDiscreteScheduler final : public Scheduler {
 public:
  explicit EulerAncestralDiscreteScheduler(const SchedulerConfig& config) : Scheduler(config) {}

 protected:
  SchedulePlan plan(int64_t steps) const override {
    return sigma_plan(config(), noise_schedule(), steps);
  }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource* noise) override {
    const auto [down, up] =
        ancestral_split(current_level().sigma, next_level().sigma, config().eta.value_or(1));
    const at::Tensor next = transfer_keeping_noise(sample, noise_in(model_output, sample),
                                                   current_level(), Level{1, down});
    return up > 0 ? next + up * fresh_noise(noise, sample) : next;
  }
};

}  // namespace

std::unique_ptr<Scheduler> make_euler_ancestral(const SchedulerConfig& config) {
  return std::make_unique<EulerAncestralDiscreteScheduler>(config);
}

}  // namespace riffle::diffusion
