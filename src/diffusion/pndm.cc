// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/pndm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

namespace riffle::diffusion {
namespace {

constexpr size_t kMostHistory = 4;

class PNDMScheduler final : public Scheduler {
 public:
  explicit PNDMScheduler(const SchedulerConfig& config) : Scheduler(config) {}

 protected:
  SchedulePlan plan(int64_t steps) const override {
    SchedulePlan plan =
        discrete_plan(config(), noise_schedule(), steps, config().set_alpha_to_one.value_or(false));
    if (steps > 1) {
      plan.timesteps.insert(plan.timesteps.begin() + 1, plan.timesteps[1]);
      plan.levels.insert(plan.levels.begin() + 1, plan.levels[1]);
    }
    return plan;
  }

  void forget_history() override {
    evaluations_ = 0;
    predictions_.clear();
    start_ = at::Tensor();
  }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource*) override {
    const at::Tensor eps = noise_in(model_output, sample);
    const int64_t evaluation = evaluations_++;
    if (evaluation == 1) {
      // The first step once more, from where it began; this prediction is not remembered.
      return transfer_keeping_noise(start_, (eps + predictions_.back()) / 2,
                                    levels()[distinct_before(index())], current_level());
    }
    if (predictions_.size() == kMostHistory) predictions_.erase(predictions_.begin());
    predictions_.push_back(eps);
    if (evaluation == 0) start_ = sample;
    const Level& to = levels()[distinct_after(index())];
    return transfer_keeping_noise(sample, combined(), current_level(), to);
  }

 private:
  // The nearest entries of the list with another timestep: entries 1 and 2 hold the same.
  static size_t distinct_before(int64_t index) {
    return static_cast<size_t>(index == 2 ? 0 : index - 1);
  }
  static size_t distinct_after(int64_t index) {
    return static_cast<size_t>(index == 1 ? 3 : index + 1);
  }

  // Adams-Bashforth of as many predictions as there are, newest last.
  at::Tensor combined() const {
    const auto ago = [&](size_t n) { return predictions_[predictions_.size() - 1 - n]; };
    switch (predictions_.size()) {
      case 1:
        return ago(0);
      case 2:
        return (3 * ago(0) - ago(1)) / 2;
      case 3:
        return (23 * ago(0) - 16 * ago(1) + 5 * ago(2)) / 12;
      default:
        return (55 * ago(0) - 59 * ago(1) + 37 * ago(2) - 9 * ago(3)) / 24;
    }
  }

  int64_t evaluations_ = 0;
  std::vector<at::Tensor> predictions_;
  at::Tensor start_;  // the sample of the first evaluation
};

}  // namespace

std::unique_ptr<Scheduler> make_pndm(const SchedulerConfig& config) {
  return std::make_unique<PNDMScheduler>(config);
}

}  // namespace riffle::diffusion
