// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/strength.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

int64_t evaluations_of(const Scheduler& scheduler) {
  if (scheduler.timesteps().empty())
    throw Error(ErrorCode::InvalidArgument, "strength: set_timesteps was not called");
  return static_cast<int64_t>(scheduler.timesteps().size());
}

int64_t taken_steps(const Scheduler& scheduler, double strength) {
  if (!(strength >= 0 && strength <= 1))
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("strength must be 0 to 1, got {}", strength),
                "0 leaves the sound almost as it is, 1 keeps nothing of it");
  return static_cast<int64_t>(static_cast<double>(scheduler.steps()) * strength);
}

}  // namespace

StartPlace start_of_strength(const Scheduler& scheduler, double strength) {
  const int64_t last_step = (evaluations_of(scheduler) - 1) / scheduler.evaluations_per_step();
  const int64_t skipped = scheduler.steps() - taken_steps(scheduler, strength);
  const int64_t index = std::min(skipped, last_step) * scheduler.evaluations_per_step();
  return {index, index};
}

StartPlace riffuse_start_of_strength(const Scheduler& scheduler, double strength) {
  const int64_t last = evaluations_of(scheduler) - 1;
  const int64_t offset = scheduler.config().steps_offset;
  const int64_t taken = std::min(taken_steps(scheduler, strength) + offset, scheduler.steps());
  return {std::clamp<int64_t>(last + 1 - taken, 0, last),
          std::clamp<int64_t>(scheduler.steps() - taken + offset, 0, last)};
}

}  // namespace riffle::diffusion
