// SPDX-License-Identifier: GPL-3.0-or-later
// Models with known answers, and a loop that runs a scheduler over one.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <ostream>
#include <string_view>
#include <vector>

#include "diffusion/noise.h"
#include "diffusion/scheduler_table.h"

namespace riffle::diffusion {

// For GoogleTest's messages.
inline void PrintTo(const SchedulerEntry& entry, std::ostream* out) { *out << entry.name; }

}  // namespace riffle::diffusion

namespace riffle::diffusion::test {

// (scaled sample, timestep) -> output
using Model = std::function<at::Tensor(const at::Tensor&, double)>;

// The model of the golden trajectories; it predicts eps.
inline at::Tensor analytic_model(const at::Tensor& scaled, double t) {
  return 0.9 * scaled.tanh() + 0.1 * std::sin(t / 100);
}

inline std::unique_ptr<Scheduler> make(std::string_view name, const SchedulerConfig& config) {
  return scheduler_entry(name).make(config);
}

struct Sampled {
  std::vector<at::Tensor> trajectory;  // the sample after every evaluation
  const at::Tensor& last() const { return trajectory.back(); }
};

// Runs from where the scheduler stands to the end.
inline Sampled run(Scheduler& scheduler, at::Tensor sample, const Model& model,
                   NoiseSource* noise = nullptr) {
  Sampled result;
  const std::vector<double>& timesteps = scheduler.timesteps();
  for (auto i = static_cast<size_t>(scheduler.index()); i < timesteps.size(); ++i) {
    const double t = timesteps[i];
    const at::Tensor output = model(scheduler.scale_model_input(sample, t), t);
    sample = scheduler.step(output, t, sample, noise);
    result.trajectory.push_back(sample);
  }
  return result;
}

inline double relative_error(const at::Tensor& got, const at::Tensor& expected) {
  const at::Tensor reference = expected.to(at::kDouble);
  return ((got.to(at::kDouble) - reference).norm() / reference.norm()).item<double>();
}

// What a perfect model says when the data is N(0, deviation^2): everything is known in closed form.
class GaussianData {
 public:
  GaussianData(const NoiseSchedule& schedule, double deviation)
      : schedule_(schedule), deviation_(deviation) {}

  // Of the variance-preserving sample at t.
  double alpha(double t) const { return 1 / std::hypot(1, schedule_.sigma(t)); }
  double sigma(double t) const { return schedule_.sigma(t) * alpha(t); }
  double spread(double t) const { return std::hypot(alpha(t) * deviation_, sigma(t)); }

  // The mean of x0 given the sample.
  at::Tensor original(const at::Tensor& scaled, double t) const {
    return scaled * (alpha(t) * deviation_ * deviation_ / (spread(t) * spread(t)));
  }
  // Where the probability flow takes the sample: what a consistency model predicts.
  at::Tensor end_of_flow(const at::Tensor& scaled, double t) const {
    return scaled * (deviation_ / spread(t));
  }
  // `original` told as a model of that kind tells it.
  at::Tensor told(PredictionType type, const at::Tensor& scaled, const at::Tensor& original,
                  double t) const {
    const at::Tensor eps = (scaled - alpha(t) * original) / sigma(t);
    if (type == PredictionType::Epsilon) return eps;
    return type == PredictionType::Sample ? original : alpha(t) * eps - sigma(t) * original;
  }

 private:
  const NoiseSchedule& schedule_;
  double deviation_;
};

}  // namespace riffle::diffusion::test
