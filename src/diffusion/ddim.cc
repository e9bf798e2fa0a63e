// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/ddim.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace riffle::diffusion {
namespace {

class DDIMScheduler final : public Scheduler {
 public:
  explicit DDIMScheduler(const SchedulerConfig& config) : Scheduler(config) {}

 protected:
  SchedulePlan plan(int64_t steps) const override {
    return discrete_plan(config(), noise_schedule(), steps,
                         config().set_alpha_to_one.value_or(true));
  }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource* noise) override {
    const Level from = current_level();
    const Level to = next_level();
    // Eq. 16: the standard deviation of the step, DDPM's where eta is 1.
    const double decay = from.alpha / to.alpha;
    const double deviation = config().eta.value_or(0) * (to.sigma / from.sigma) *
                             std::sqrt(std::max(1 - decay * decay, 0.0));
    const double direction = std::sqrt(std::max(to.sigma * to.sigma - deviation * deviation, 0.0));
    at::Tensor next =
        to.alpha * original_in(model_output, sample) + direction * noise_in(model_output, sample);
    if (deviation > 0) next = next + deviation * fresh_noise(noise, sample);
    return next;
  }
};

}  // namespace

std::unique_ptr<Scheduler> make_ddim(const SchedulerConfig& config) {
  return std::make_unique<DDIMScheduler>(config);
}

}  // namespace riffle::diffusion
