// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/euler.h"

#include <ATen/ATen.h>

namespace riffle::diffusion {
namespace {

class EulerDiscreteScheduler final : public Scheduler {
 public:
  explicit EulerDiscreteScheduler(const SchedulerConfig& config) : Scheduler(config) {}

 protected:
  SchedulePlan plan(int64_t steps) const override {
    return sigma_plan(config(), noise_schedule(), steps);
  }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource*) override {
    return transfer_keeping_noise(sample, noise_in(model_output, sample), current_level(),
                                  next_level());
  }
};

}  // namespace

std::unique_ptr<Scheduler> make_euler(const SchedulerConfig& config) {
  return std::make_unique<EulerDiscreteScheduler>(config);
}

}  // namespace riffle::diffusion
