// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/unipc.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace riffle::diffusion {
namespace {

// A prediction of x0 and the half log SNR it was made at.
struct Evaluation {
  at::Tensor original;
  double half_log_snr = 0;
};

// What a step of h in half log SNR weighs the differences of predictions with: the rows of the
// paper's linear system for the coefficients, divided by B2(h) = e^-h - 1.
struct Expansion {
  std::vector<std::vector<double>> powers;  // r_k^i for row i
  std::vector<double> targets;
};

Expansion expansion_of(const std::vector<double>& ratios, double h) {
  const double b2 = std::expm1(-h);
  Expansion expansion;
  double phi = b2 / -h - 1;  // z phi_2(z) at z = -h, then z phi_3(z)...
  double factorial = 1;
  for (size_t i = 0; i < ratios.size(); ++i) {
    std::vector<double> row;
    for (const double ratio : ratios) row.push_back(std::pow(ratio, static_cast<double>(i)));
    expansion.powers.push_back(row);
    expansion.targets.push_back(phi * factorial / b2);
    factorial *= static_cast<double>(i + 2);
    phi = phi / -h - 1 / factorial;
  }
  return expansion;
}

// Solves the leading `size` rows and columns by elimination with pivoting.
std::vector<double> solved(Expansion e, size_t size) {
  auto& a = e.powers;
  auto& b = e.targets;
  for (size_t column = 0; column < size; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < size; ++row)
      if (std::abs(a[row][column]) > std::abs(a[pivot][column])) pivot = row;
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (size_t row = 0; row < size; ++row) {
      if (row == column) continue;
      const double factor = a[row][column] / a[column][column];
      for (size_t k = column; k < size; ++k) a[row][k] -= factor * a[column][k];
      b[row] -= factor * b[column];
    }
  }
  std::vector<double> weights;
  for (size_t i = 0; i < size; ++i) weights.push_back(b[i] / a[i][i]);
  return weights;
}

class UniPCMultistepScheduler final : public Scheduler {
 public:
  explicit UniPCMultistepScheduler(const SchedulerConfig& config) : Scheduler(config) {}

 protected:
  SchedulePlan plan(int64_t steps) const override {
    return solver_plan(config(), noise_schedule(), steps);
  }

  void forget_history() override { history_.clear(); }

  at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                     NoiseSource*) override {
    const Evaluation now{original_in(model_output, sample), current_level().half_log_snr()};
    const at::Tensor corrected =
        history_.empty() ? sample : step_to(current_level(), order_, &now.original);
    history_.insert(history_.begin(), now);
    start_ = corrected;
    start_level_ = current_level();
    order_ = order_of_step();
    if (history_.size() > static_cast<size_t>(config().solver_order)) history_.pop_back();
    return step_to(next_level(), order_, nullptr);
  }

 private:
  size_t order_of_step() const {
    auto order = static_cast<size_t>(config().solver_order);
    const size_t left = timesteps().size() - static_cast<size_t>(index());
    if (config().lower_order_final) order = std::min(order, left);
    if (next_level().sigma == 0) order = 1;
    return std::min(order, history_.size());
  }

  // From start_ with the newest `order` predictions (the predictor), or, given the prediction
  // at the end too, with that as well (the corrector).
  at::Tensor step_to(const Level& to, size_t order, const at::Tensor* at_end) const {
    if (to.sigma == start_level_.sigma) return start_;
    const at::Tensor& base = history_.front().original;
    const at::Tensor first_order = transfer_keeping_original(start_, base, start_level_, to);
    if (to.sigma == 0) return first_order;
    const double h = to.half_log_snr() - start_level_.half_log_snr();
    std::vector<double> ratios;
    std::vector<at::Tensor> slopes;
    for (size_t k = 1; k < order; ++k) {
      ratios.push_back((history_[k].half_log_snr - start_level_.half_log_snr()) / h);
      slopes.push_back((history_[k].original - base) / ratios.back());
    }
    ratios.push_back(1);
    if (at_end != nullptr) slopes.push_back(*at_end - base);
    const std::vector<double> weights = weights_of(ratios, slopes.size(), h);
    at::Tensor sum = at::zeros_like(base);
    for (size_t k = 0; k < slopes.size(); ++k) sum = sum + weights[k] * slopes[k];
    return first_order - to.alpha * std::expm1(-h) * sum;
  }

  // The paper gives a single difference the weight 1/2 instead of solving for it.
  static std::vector<double> weights_of(const std::vector<double>& ratios, size_t count, double h) {
    if (count == 1) return {0.5};
    return solved(expansion_of(ratios, h), count);
  }

  std::vector<Evaluation> history_;  // newest first
  at::Tensor start_;                 // the corrected sample the newest step began from
  Level start_level_;
  size_t order_ = 1;  // of the newest step
};

}  // namespace

std::unique_ptr<Scheduler> make_unipc(const SchedulerConfig& config) {
  return std::make_unique<UniPCMultistepScheduler>(config);
}

}  // namespace riffle::diffusion
