// SPDX-License-Identifier: GPL-3.0-or-later
// Which timesteps a sampler visits and at which levels, made from a noise schedule and a number of
// steps.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "diffusion/noise_schedule.h"
#include "diffusion/scheduler_config.h"

namespace riffle::diffusion {

struct SchedulePlan {
  std::vector<double> timesteps;  // what the model is told, one an evaluation, descending
  std::vector<Level> levels;      // of the sample at each evaluation, then of the result
  double init_noise_sigma = 1;    // standard deviation of the sample a generation starts from
};

// `steps` timesteps of `train` in descending order, Lin et al. 2023, table 2; linspace is not
// rounded. Throws Error{InvalidArgument} when steps is not in 1 to train, or a timestep would be
// train or above.
std::vector<double> spaced_timesteps(TimestepSpacing spacing, int64_t train, int64_t steps,
                                     int64_t steps_offset);

// Karras et al. 2022, eq. 5: descending from sigma_max to sigma_min.
std::vector<double> karras_sigmas(double sigma_min, double sigma_max, int64_t steps,
                                  double rho = 7);

// ddim and pndm: variance-preserving levels at whole timesteps; the result at alpha = 1, or at the
// first trained level where set_alpha_to_one is false.
SchedulePlan discrete_plan(const SchedulerConfig& config, const NoiseSchedule& schedule,
                           int64_t steps, bool set_alpha_to_one);

// euler, heun, lms and kin: alpha = 1, sigmas interpolated at fractional timesteps, ending at 0. Of
// an EDM model, its grid.
SchedulePlan sigma_plan(const SchedulerConfig& config, const NoiseSchedule& schedule,
                        int64_t steps);

// The same for samplers that evaluate the model twice a step: evaluation 2 i opens step i, 2 i + 1
// closes it at the level `inner` gives for the sigmas the step goes from and to. The last step,
// to sigma 0, is a single evaluation: 2 steps - 1 in all.
SchedulePlan two_stage_plan(const SchedulePlan& outer, const NoiseSchedule& schedule,
                            double (*inner)(double from, double to));

// dpmpp_2m and unipc: variance-preserving levels at rounded timesteps, repeated ones dropped (so
// that there may be fewer than `steps`); ends where final_sigmas_type says. Of an EDM model the
// same as sigma_plan.
SchedulePlan solver_plan(const SchedulerConfig& config, const NoiseSchedule& schedule,
                         int64_t steps);

}  // namespace riffle::diffusion
