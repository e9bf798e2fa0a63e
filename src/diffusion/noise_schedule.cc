// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/noise_schedule.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

// Keeps sigma finite where the last level is pure noise: diffusers' figure, the smallest positive
// number of half precision.
constexpr double kLeastAlphaCumprod = 0x1p-24;

at::Tensor cosine_betas(int64_t count) {
  const auto alpha_bar = [](double t) {
    const double c = std::cos((t + 0.008) / 1.008 * std::numbers::pi / 2);
    return c * c;
  };
  std::vector<float> betas;
  for (int64_t i = 0; i < count; ++i) {
    const double from = static_cast<double>(i) / static_cast<double>(count);
    const double to = static_cast<double>(i + 1) / static_cast<double>(count);
    betas.push_back(static_cast<float>(std::min(1 - alpha_bar(to) / alpha_bar(from), 0.999)));
  }
  return at::tensor(betas);
}

at::Tensor betas_of(const SchedulerConfig& config) {
  const int64_t count = config.num_train_timesteps;
  if (!config.trained_betas.empty())
    return at::tensor(at::ArrayRef<double>(config.trained_betas)).to(at::kFloat);
  switch (config.beta_schedule) {
    case BetaSchedule::Linear:
      return at::linspace(config.beta_start, config.beta_end, count, at::kFloat);
    case BetaSchedule::ScaledLinear:
      return at::linspace(std::sqrt(config.beta_start), std::sqrt(config.beta_end), count,
                          at::kFloat)
          .square();
    case BetaSchedule::SquaredCosCapV2:
      return cosine_betas(count);
  }
  throw Error(ErrorCode::Internal, "scheduler: a beta schedule without betas");
}

// Lin et al. 2023, algorithm 1: the square roots are shifted so that the last is 0 and stretched so
// that the first stays.
at::Tensor with_zero_terminal_snr(const at::Tensor& alphas_cumprod) {
  const at::Tensor roots = alphas_cumprod.sqrt();
  const at::Tensor first = roots[0];
  const at::Tensor last = roots[-1];
  return ((roots - last) * (first / (first - last))).square();
}

}  // namespace

double Level::half_log_snr() const { return std::log(alpha) - std::log(sigma); }

NoiseSchedule::NoiseSchedule(const SchedulerConfig& config) {
  config.validate();
  is_grid_ = config.sigma_grid.has_value();
  if (is_grid_) return;
  at::Tensor products = (1.0 - betas_of(config)).cumprod(0);
  if (config.rescale_betas_zero_snr) products = with_zero_terminal_snr(products);
  products = products.to(at::kDouble).clamp_min(kLeastAlphaCumprod).contiguous();
  const double* values = products.data_ptr<double>();
  alphas_cumprod_.assign(values, values + products.numel());
  for (const double a : alphas_cumprod_) sigmas_.push_back(std::sqrt((1 - a) / a));
}

Level NoiseSchedule::level(int64_t timestep) const {
  if (is_grid_)
    throw Error(ErrorCode::Unsupported,
                "this sampler works on the timesteps of betas, and the model has noise levels",
                "choose heun, euler or dpmpp_2m");
  if (timestep < 0 || timestep >= size())
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("scheduler: timestep must be 0 to {}, got {}", size() - 1, timestep));
  const double a = alphas_cumprod_[static_cast<size_t>(timestep)];
  return {std::sqrt(a), std::sqrt(1 - a)};
}

double NoiseSchedule::sigma(double timestep) const {
  if (is_grid_) return timestep;
  const double held = std::clamp(timestep, 0.0, static_cast<double>(size() - 1));
  const auto low = static_cast<size_t>(held);
  const size_t high = std::min(low + 1, sigmas_.size() - 1);
  return std::lerp(sigmas_[low], sigmas_[high], held - static_cast<double>(low));
}

double NoiseSchedule::timestep_of(double sigma) const {
  if (is_grid_) return sigma;
  if (sigma <= sigmas_.front()) return 0;
  if (sigma >= sigmas_.back()) return static_cast<double>(size() - 1);
  const auto high = std::upper_bound(sigmas_.begin(), sigmas_.end(), sigma);
  const auto low = high - 1;
  const double fraction = (std::log(sigma) - std::log(*low)) / (std::log(*high) - std::log(*low));
  return static_cast<double>(low - sigmas_.begin()) + fraction;
}

}  // namespace riffle::diffusion
