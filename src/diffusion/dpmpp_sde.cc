// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/dpmpp_sde.h"

#include <ATen/ATen.h>

#include <cmath>

#include "diffusion/ancestral.h"

namespace riffle::diffusion {
namespace {

class DPMSolverSDEScheduler final : public Scheduler {
 public:
  explicit DPMSolverSDEScheduler(const SchedulerConfig& config)
      : Scheduler(config), eta_(config.eta.value_or(1)) {}

  int64_t evaluations_per_step() const override { return 2; }

 protected:
  // The inner evaluation is halfway in log sigma.
  SchedulePlan plan(int64_t steps) const override {
    return two_stage_plan(sigma_plan(config(), noise_schedule(), steps), noise_schedule(),
                          [](double from, double to) { return std::sqrt(from * to); });
  }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource* noise) override {
    const at::Tensor original = original_in(model_output, sample);
    if (index() % 2 == 0) {
      start_ = sample;
      start_level_ = current_level();
      if (eta_ > 0 && !is_last()) first_noise_ = fresh_noise(noise, sample);
      return stepped(original, next_level().sigma, first_noise_);
    }
    return stepped(original, next_level().sigma,
                   eta_ > 0 ? whole_noise(noise, sample) : at::Tensor());
  }

 private:
  // From the start of the step to `sigma` as if x0 were `original` all along. `noise` is not looked
  // at where none is to be added.
  at::Tensor stepped(const at::Tensor& original, double sigma, const at::Tensor& noise) const {
    const auto [down, up] = ancestral_split(start_level_.sigma, sigma, eta_);
    const at::Tensor next =
        transfer_keeping_original(start_, original, start_level_, Level{1, down});
    return up > 0 ? next + up * noise : next;
  }

  // The motion over the whole step, scaled to variance one: the first half's, which is spent, and
  // new motion over the second half.
  at::Tensor whole_noise(NoiseSource* noise, const at::Tensor& like) const {
    const double whole = start_level_.sigma - next_level().sigma;
    const double first = start_level_.sigma - current_level().sigma;
    return std::sqrt(first / whole) * first_noise_ +
           std::sqrt(1 - first / whole) * fresh_noise(noise, like);
  }

  double eta_;
  at::Tensor start_;
  Level start_level_;
  at::Tensor first_noise_;
};

}  // namespace

std::unique_ptr<Scheduler> make_dpmpp_sde(const SchedulerConfig& config) {
  return std::make_unique<DPMSolverSDEScheduler>(config);
}

}  // namespace riffle::diffusion
