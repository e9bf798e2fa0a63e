// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/scheduler.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "diffusion/noise.h"

namespace riffle::diffusion {
namespace {

// The type the arithmetic runs in.
at::Tensor computable(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kDouble ? tensor : tensor.to(at::kFloat);
}

void require_same_shape(const at::Tensor& a, const at::Tensor& b, const char* what) {
  if (a.sizes() == b.sizes()) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("scheduler: {} must have the sample's shape [{}], got [{}]", what,
                          fmt::join(b.sizes(), ", "), fmt::join(a.sizes(), ", ")));
}

}  // namespace

Scheduler::Scheduler(const SchedulerConfig& config) : config_(config), schedule_(config) {}

void Scheduler::set_timesteps(int64_t steps) {
  plan_ = plan(steps);
  steps_ = steps;
  start_at(0);
}

void Scheduler::start_at(int64_t index) {
  const auto count = static_cast<int64_t>(timesteps().size());
  if (index < 0 || index >= count || index % evaluations_per_step() != 0)
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("scheduler: cannot start at evaluation {} of {} ({} a step)", index,
                            count, evaluations_per_step()));
  index_ = index;
  forget_history();
}

at::Tensor Scheduler::scale_model_input(const at::Tensor& sample, double t) const {
  require_current(t);
  const double deviation = std::hypot(current_level().alpha, current_level().sigma);
  // Variance-preserving levels miss one only by rounding.
  if (std::abs(deviation - 1) < 1e-12) return sample;
  return sample / deviation;
}

at::Tensor Scheduler::predicted_original(const at::Tensor& model_output, double t,
                                         const at::Tensor& sample) const {
  require_current(t);
  require_same_shape(model_output, sample, "the model's output");
  const at::Tensor x = computable(sample);
  return original_in(model_output.to(x.scalar_type()), x).to(sample.scalar_type());
}

at::Tensor Scheduler::step(const at::Tensor& model_output, double t, const at::Tensor& sample,
                           NoiseSource* noise) {
  require_current(t);
  require_same_shape(model_output, sample, "the model's output");
  const at::Tensor x = computable(sample);
  const at::Tensor next = advance(model_output.to(x.scalar_type()), x, noise);
  ++index_;
  return next.to(sample.scalar_type());
}

at::Tensor Scheduler::add_noise(const at::Tensor& original, const at::Tensor& noise,
                                double t) const {
  require_same_shape(noise, original, "the noise");
  const auto at = std::find(timesteps().begin(), timesteps().end(), t);
  if (at == timesteps().end())
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("scheduler: {} is not one of the run's {} timesteps", t, timesteps().size()));
  const Level& level = levels()[static_cast<size_t>(at - timesteps().begin())];
  const at::Tensor x0 = computable(original);
  return (level.alpha * x0 + level.sigma * noise.to(x0.scalar_type())).to(original.scalar_type());
}

at::Tensor Scheduler::original_in(const at::Tensor& model_output, const at::Tensor& sample) const {
  const auto [alpha, sigma] = current_level();
  switch (config_.prediction_type) {
    case PredictionType::Epsilon:
      return (sample - sigma * model_output) / alpha;
    case PredictionType::VPrediction: {
      const double deviation = std::hypot(alpha, sigma);
      return (alpha / deviation / deviation) * sample - (sigma / deviation) * model_output;
    }
    case PredictionType::Sample:
      return model_output;
  }
  throw Error(ErrorCode::Internal, "scheduler: a prediction type without a formula");
}

at::Tensor Scheduler::noise_in(const at::Tensor& model_output, const at::Tensor& sample) const {
  const auto [alpha, sigma] = current_level();
  switch (config_.prediction_type) {
    case PredictionType::Epsilon:
      return model_output;
    case PredictionType::VPrediction: {
      const double deviation = std::hypot(alpha, sigma);
      return (alpha / deviation) * model_output + (sigma / deviation / deviation) * sample;
    }
    case PredictionType::Sample:
      return (sample - alpha * model_output) / sigma;
  }
  throw Error(ErrorCode::Internal, "scheduler: a prediction type without a formula");
}

at::Tensor Scheduler::fresh_noise(NoiseSource* noise, const at::Tensor& like) {
  if (noise == nullptr)
    throw Error(ErrorCode::InvalidArgument,
                "scheduler: this sampler brings fresh noise in at every step and was given none",
                "pass a NoiseSource, or set eta to 0");
  return noise->next(like);
}

void Scheduler::require_current(double t) const {
  if (index_ >= static_cast<int64_t>(timesteps().size()))
    throw Error(ErrorCode::InvalidArgument,
                timesteps().empty()
                    ? std::string("scheduler: set_timesteps was not called")
                    : fmt::format("scheduler: all {} evaluations are done", timesteps().size()));
  const double expected = timesteps()[static_cast<size_t>(index_)];
  if (t != expected)
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("scheduler: evaluation {} is at timestep {}, got {}", index_, expected, t));
}

at::Tensor transfer_keeping_original(const at::Tensor& sample, const at::Tensor& original,
                                     const Level& from, const Level& to) {
  const double kept = to.sigma / from.sigma;
  return kept * sample + (to.alpha - from.alpha * kept) * original;
}

at::Tensor transfer_keeping_noise(const at::Tensor& sample, const at::Tensor& noise,
                                  const Level& from, const Level& to) {
  const double kept = to.alpha / from.alpha;
  return kept * sample + (to.sigma - from.sigma * kept) * noise;
}

}  // namespace riffle::diffusion
