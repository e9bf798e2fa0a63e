// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/schedule_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

constexpr int64_t kMostGridSteps = 1000;

// Equally spaced from `last` down to 0, both ends included; `last` alone for a count of one.
std::vector<double> descending_linspace(double last, int64_t count) {
  std::vector<double> values;
  // Multiplied before it is divided, so that halves come out exact and round to even as numpy's do.
  const auto gaps = static_cast<double>(std::max<int64_t>(count - 1, 1));
  for (int64_t i = 0; i < count; ++i)
    values.push_back(last * (gaps - static_cast<double>(i)) / gaps);
  return values;
}

void require_steps(int64_t steps, int64_t most) {
  if (steps < 1 || steps > most)
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("scheduler: steps must be 1 to {}, got {}", most, steps));
}

// The timesteps the multistep solvers start their steps from: one more is laid out than is used,
// the last being the end of the last step.
std::vector<double> solver_timesteps(TimestepSpacing spacing, int64_t train, int64_t steps,
                                     int64_t steps_offset) {
  if (spacing == TimestepSpacing::Trailing)
    return spaced_timesteps(spacing, train, steps, steps_offset);
  require_steps(steps, train - 1);
  auto timesteps = spaced_timesteps(spacing, train, steps + 1, steps_offset);
  timesteps.pop_back();
  return timesteps;
}

// Karras et al. 2022, algorithm 1: the levels are the timesteps.
SchedulePlan grid_plan(const SigmaGrid& grid, int64_t steps) {
  require_steps(steps, kMostGridSteps);
  SchedulePlan plan;
  plan.timesteps = karras_sigmas(grid.sigma_min, grid.sigma_max, steps, grid.rho);
  for (const double sigma : plan.timesteps) plan.levels.push_back({1, sigma});
  plan.levels.push_back({1, 0});
  plan.init_noise_sigma = plan.timesteps.front();
  return plan;
}

}  // namespace

std::vector<double> spaced_timesteps(TimestepSpacing spacing, int64_t train, int64_t steps,
                                     int64_t steps_offset) {
  require_steps(steps, train);
  std::vector<double> timesteps;
  switch (spacing) {
    case TimestepSpacing::Linspace:
      return descending_linspace(static_cast<double>(train - 1), steps);
    case TimestepSpacing::Leading:
      for (int64_t i = steps - 1; i >= 0; --i)
        timesteps.push_back(static_cast<double>(i * (train / steps) + steps_offset));
      break;
    case TimestepSpacing::Trailing:
      for (int64_t i = 0; i < steps; ++i) {
        const auto end = static_cast<double>(train * (steps - i)) / static_cast<double>(steps);
        timesteps.push_back(std::nearbyint(end) - 1);
      }
      break;
  }
  if (timesteps.front() >= static_cast<double>(train))
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("scheduler: {} steps with steps_offset {} pass the last of {} timesteps", steps,
                    steps_offset, train),
        "use fewer steps");
  return timesteps;
}

std::vector<double> karras_sigmas(double sigma_min, double sigma_max, int64_t steps, double rho) {
  const double high = std::pow(sigma_max, 1 / rho);
  const double low = std::pow(sigma_min, 1 / rho);
  std::vector<double> sigmas;
  for (const double share : descending_linspace(1, steps))
    sigmas.push_back(std::pow(low + share * (high - low), rho));
  return sigmas;
}

SchedulePlan discrete_plan(const SchedulerConfig& config, const NoiseSchedule& schedule,
                           int64_t steps, bool set_alpha_to_one) {
  SchedulePlan plan;
  if (config.sigma_grid) schedule.level(0);  // throws: there are no timesteps to choose from
  plan.timesteps = spaced_timesteps(config.timestep_spacing.value_or(TimestepSpacing::Leading),
                                    schedule.size(), steps, config.steps_offset);
  for (double& t : plan.timesteps) {
    t = std::nearbyint(t);
    plan.levels.push_back(schedule.level(static_cast<int64_t>(t)));
  }
  plan.levels.push_back(set_alpha_to_one ? Level{} : schedule.level(0));
  return plan;
}

SchedulePlan sigma_plan(const SchedulerConfig& config, const NoiseSchedule& schedule,
                        int64_t steps) {
  if (config.sigma_grid) return grid_plan(*config.sigma_grid, steps);
  const auto spacing = config.timestep_spacing.value_or(TimestepSpacing::Linspace);
  SchedulePlan plan;
  plan.timesteps = spaced_timesteps(spacing, schedule.size(), steps, config.steps_offset);
  std::vector<double> sigmas;
  for (const double t : plan.timesteps) sigmas.push_back(schedule.sigma(t));
  if (config.use_karras_sigmas) {
    sigmas = karras_sigmas(sigmas.back(), sigmas.front(), steps);
    std::transform(sigmas.begin(), sigmas.end(), plan.timesteps.begin(),
                   [&](double sigma) { return schedule.timestep_of(sigma); });
  }
  for (const double sigma : sigmas) plan.levels.push_back({1, sigma});
  plan.levels.push_back({1, 0});
  // "leading" starts below the last trained level, where the clean part still counts.
  plan.init_noise_sigma =
      spacing == TimestepSpacing::Leading ? std::hypot(sigmas.front(), 1) : sigmas.front();
  return plan;
}

SchedulePlan two_stage_plan(const SchedulePlan& outer, const NoiseSchedule& schedule,
                            double (*inner)(double from, double to)) {
  SchedulePlan plan;
  plan.init_noise_sigma = outer.init_noise_sigma;
  for (size_t i = 0; i < outer.timesteps.size(); ++i) {
    plan.timesteps.push_back(outer.timesteps[i]);
    plan.levels.push_back(outer.levels[i]);
    const double to = outer.levels[i + 1].sigma;
    if (to == 0) break;
    const double sigma = inner(outer.levels[i].sigma, to);
    plan.timesteps.push_back(sigma == to ? outer.timesteps[i + 1] : schedule.timestep_of(sigma));
    plan.levels.push_back({1, sigma});
  }
  plan.levels.push_back(outer.levels.back());
  return plan;
}

SchedulePlan solver_plan(const SchedulerConfig& config, const NoiseSchedule& schedule,
                         int64_t steps) {
  if (config.sigma_grid) return grid_plan(*config.sigma_grid, steps);
  SchedulePlan plan;
  plan.timesteps = solver_timesteps(config.timestep_spacing.value_or(TimestepSpacing::Linspace),
                                    schedule.size(), steps, config.steps_offset);
  if (config.use_karras_sigmas) {
    const auto last = static_cast<double>(schedule.size() - 1);
    plan.timesteps = karras_sigmas(schedule.sigma(0), schedule.sigma(last), steps);
    for (double& value : plan.timesteps) value = schedule.timestep_of(value);
  }
  for (double& t : plan.timesteps) t = std::nearbyint(t);
  plan.timesteps.erase(std::unique(plan.timesteps.begin(), plan.timesteps.end()),
                       plan.timesteps.end());
  for (const double t : plan.timesteps)
    plan.levels.push_back(schedule.level(static_cast<int64_t>(t)));
  plan.levels.push_back(config.final_sigmas_type == FinalSigmas::Zero ? Level{}
                                                                      : schedule.level(0));
  return plan;
}

}  // namespace riffle::diffusion
