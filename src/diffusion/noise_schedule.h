// SPDX-License-Identifier: GPL-3.0-or-later
// How much signal and how much noise a model saw at each training timestep.
#pragma once

#include <cstdint>
#include <vector>

#include "diffusion/scheduler_config.h"

namespace riffle::diffusion {

// A sample at this level is alpha * x0 + sigma * eps. Variance-preserving samplers (ddim, pndm, the
// DPM solvers) keep alpha^2 + sigma^2 = 1; those written after Karras et al. (euler, heun, lms)
// keep alpha = 1 and let sigma grow.
struct Level {
  double alpha = 1;
  double sigma = 0;

  // log(alpha / sigma), the lambda of the DPM solvers; infinite at sigma = 0.
  double half_log_snr() const;
};

// The cumulative products of (1 - beta), made in float32 as diffusers makes them, kept in double.
// EDM models have none: their timesteps are their sigmas.
class NoiseSchedule {
 public:
  // Throws what SchedulerConfig::validate() throws.
  explicit NoiseSchedule(const SchedulerConfig& config);

  int64_t size() const { return static_cast<int64_t>(alphas_cumprod_.size()); }
  const std::vector<double>& alphas_cumprod() const { return alphas_cumprod_; }

  // The variance-preserving level of a training timestep. Throws Error{InvalidArgument} unless
  // 0 <= timestep < size(), Error{Unsupported} where there are no betas.
  Level level(int64_t timestep) const;

  // sqrt((1 - a) / a), between timesteps by linear interpolation; beyond the ends, the ends.
  double sigma(double timestep) const;
  // The inverse, by linear interpolation in log sigma, held to [0, size() - 1].
  double timestep_of(double sigma) const;

 private:
  bool is_grid_ = false;  // no betas
  std::vector<double> alphas_cumprod_;
  std::vector<double> sigmas_;
};

}  // namespace riffle::diffusion
