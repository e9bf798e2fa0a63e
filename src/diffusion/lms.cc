// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/lms.h"

#include <ATen/ATen.h>

#include <array>
#include <vector>

namespace riffle::diffusion {
namespace {

constexpr size_t kMostHistory = 4;

// The weight of node j: the integral from nodes[0] to `to` of Lagrange's polynomial that is 1 at
// nodes[j] and 0 at the others. Two Gauss points integrate the cubics that four nodes give exactly.
double lagrange_integral(const std::vector<double>& nodes, size_t j, double to) {
  constexpr std::array<double, 2> kGaussPoints = {-0.57735026918962576451, 0.57735026918962576451};
  const double half = (to - nodes[0]) / 2;
  const double middle = (to + nodes[0]) / 2;
  double sum = 0;
  for (const double point : kGaussPoints) {
    double product = 1;
    for (size_t k = 0; k < nodes.size(); ++k)
      if (k != j) product *= (middle + half * point - nodes[k]) / (nodes[j] - nodes[k]);
    sum += product;
  }
  return half * sum;
}

class LMSDiscreteScheduler final : public Scheduler {
 public:
  explicit LMSDiscreteScheduler(const SchedulerConfig& config) : Scheduler(config) {}

 protected:
  SchedulePlan plan(int64_t steps) const override {
    return sigma_plan(config(), noise_schedule(), steps);
  }

  void forget_history() override {
    predictions_.clear();
    sigmas_.clear();
  }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource*) override {
    predictions_.insert(predictions_.begin(), noise_in(model_output, sample));
    sigmas_.insert(sigmas_.begin(), current_level().sigma);
    if (sigmas_.size() > kMostHistory) {
      predictions_.pop_back();
      sigmas_.pop_back();
    }
    at::Tensor next = sample;
    for (size_t j = 0; j < sigmas_.size(); ++j)
      next = next + lagrange_integral(sigmas_, j, next_level().sigma) * predictions_[j];
    return next;
  }

 private:
  std::vector<at::Tensor> predictions_;  // newest first
  std::vector<double> sigmas_;           // where they were made
};

}  // namespace

std::unique_ptr<Scheduler> make_lms(const SchedulerConfig& config) {
  return std::make_unique<LMSDiscreteScheduler>(config);
}

}  // namespace riffle::diffusion
