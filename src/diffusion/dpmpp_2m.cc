// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/dpmpp_2m.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

// Below this many steps the last one is of first order: it lands where lambda grows fastest.
constexpr size_t kFewSteps = 15;

class DPMSolverMultistepScheduler final : public Scheduler {
 public:
  explicit DPMSolverMultistepScheduler(const SchedulerConfig& config)
      : Scheduler(config),
        eta_(config.algorithm_type == SolverAlgorithm::SdeDpmSolverPlusPlus ? config.eta.value_or(1)
                                                                            : 0) {
    if (config.solver_order > 2)
      throw Error(
          ErrorCode::Unsupported,
          fmt::format("dpmpp_2m: solver_order is {}; 1 and 2 can be done", config.solver_order),
          "unipc goes up to order 3");
  }

 protected:
  SchedulePlan plan(int64_t steps) const override {
    return solver_plan(config(), noise_schedule(), steps);
  }

  void forget_history() override { previous_ = at::Tensor(); }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource* noise) override {
    const Level from = current_level();
    const Level to = next_level();
    const at::Tensor original = original_in(model_output, sample);
    if (to.sigma == 0) return original;
    // x0 at the middle of the step, extrapolated from the last two predictions (eq. 2M).
    at::Tensor slope = at::zeros_like(original);
    const double h = to.half_log_snr() - from.half_log_snr();
    if (previous_.defined() && !is_first_order_step())
      slope = (h / (from.half_log_snr() - previous_half_log_snr_)) * (original - previous_);
    previous_ = original;
    previous_half_log_snr_ = from.half_log_snr();
    // The exact solution for x0 held fixed; with eta the SDE's, whose noise makes it forget more.
    const double kept = to.sigma / from.sigma * std::exp(-eta_ * h);
    const double gained = to.alpha * -std::expm1(-(1 + eta_) * h);
    const at::Tensor next = kept * sample + gained * (original + slope / 2);
    const double deviation = to.sigma * std::sqrt(-std::expm1(-2 * eta_ * h));
    return deviation > 0 ? next + deviation * fresh_noise(noise, sample) : next;
  }

 private:
  bool is_first_order_step() const {
    if (config().solver_order == 1) return true;
    return is_last() && config().lower_order_final && timesteps().size() < kFewSteps;
  }

  double eta_;
  at::Tensor previous_;  // the prediction of x0 one step ago
  double previous_half_log_snr_ = 0;
};

}  // namespace

std::unique_ptr<Scheduler> make_dpmpp_2m(const SchedulerConfig& config) {
  return std::make_unique<DPMSolverMultistepScheduler>(config);
}

}  // namespace riffle::diffusion
