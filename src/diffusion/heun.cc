// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/heun.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace riffle::diffusion {
namespace {

class HeunDiscreteScheduler final : public Scheduler {
 public:
  explicit HeunDiscreteScheduler(const SchedulerConfig& config) : Scheduler(config) {}

  int64_t evaluations_per_step() const override { return 2; }

 protected:
  SchedulePlan plan(int64_t steps) const override {
    SchedulePlan plan = two_stage_plan(sigma_plan(config(), noise_schedule(), steps),
                                       noise_schedule(), [](double, double to) { return to; });
    for (size_t opening = 0; opening < plan.timesteps.size(); opening += 2) {
      const double gamma = gamma_at(plan.levels[opening].sigma, steps);
      if (gamma == 0) continue;
      plan.levels[opening].sigma *= 1 + gamma;
      plan.timesteps[opening] = noise_schedule().timestep_of(plan.levels[opening].sigma);
      if (opening == 0) plan.init_noise_sigma *= 1 + gamma;
    }
    return plan;
  }

  // Opening: Euler to the end of the step. Closing: from the start again, by the mean of the
  // predictions at both ends.
  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource* noise) override {
    const at::Tensor eps = noise_in(model_output, sample);
    if (index() % 2 == 0) {
      start_ = sample;
      start_level_ = current_level();
      prediction_ = eps;
      return transfer_keeping_noise(sample, eps, current_level(), next_level());
    }
    const at::Tensor end =
        transfer_keeping_noise(start_, (prediction_ + eps) / 2, start_level_, current_level());
    const double from = current_level().sigma;
    const double to = next_level().sigma;
    if (to <= from) return end;
    return end + std::sqrt(to * to - from * from) * config().churn.noise * fresh_noise(noise, end);
  }

 private:
  double gamma_at(double sigma, int64_t steps) const {
    const Churn& churn = config().churn;
    if (sigma < churn.sigma_min || sigma > churn.sigma_max) return 0;
    return std::min(churn.amount / static_cast<double>(steps), std::numbers::sqrt2 - 1);
  }

  at::Tensor start_;
  at::Tensor prediction_;
  Level start_level_;
};

}  // namespace

std::unique_ptr<Scheduler> make_heun(const SchedulerConfig& config) {
  return std::make_unique<HeunDiscreteScheduler>(config);
}

}  // namespace riffle::diffusion
