// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/heun.h"

#include <ATen/ATen.h>

namespace riffle::diffusion {
namespace {

class HeunDiscreteScheduler final : public Scheduler {
 public:
  explicit HeunDiscreteScheduler(const SchedulerConfig& config) : Scheduler(config) {}

  int64_t evaluations_per_step() const override { return 2; }

 protected:
  SchedulePlan plan(int64_t steps) const override {
    return two_stage_plan(sigma_plan(config(), noise_schedule(), steps), noise_schedule(),
                          [](double, double to) { return to; });
  }

  // Opening: Euler to the end of the step. Closing: from the start again, by the mean of the
  // predictions at both ends.
  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource*) override {
    const at::Tensor eps = noise_in(model_output, sample);
    if (index() % 2 == 0) {
      start_ = sample;
      start_level_ = current_level();
      prediction_ = eps;
      return transfer_keeping_noise(sample, eps, current_level(), next_level());
    }
    return transfer_keeping_noise(start_, (prediction_ + eps) / 2, start_level_, current_level());
  }

 private:
  at::Tensor start_;
  at::Tensor prediction_;
  Level start_level_;
};

}  // namespace

std::unique_ptr<Scheduler> make_heun(const SchedulerConfig& config) {
  return std::make_unique<HeunDiscreteScheduler>(config);
}

}  // namespace riffle::diffusion
