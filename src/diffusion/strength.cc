// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/strength.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

int64_t taken_steps(int64_t steps, double strength) {
  if (!(strength >= 0 && strength <= 1))
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("strength must be 0 to 1, got {}", strength),
                "0 leaves the sound as it is, 1 keeps nothing of it");
  return static_cast<int64_t>(static_cast<double>(steps) * strength);
}

}  // namespace

StartPlace start_of_strength(const Scheduler& scheduler, int64_t steps, double strength) {
  const auto count = static_cast<int64_t>(scheduler.timesteps().size());
  const int64_t skipped = (steps - taken_steps(steps, strength)) * scheduler.evaluations_per_step();
  const int64_t last_step =
      (count - 1) / scheduler.evaluations_per_step() * scheduler.evaluations_per_step();
  const int64_t index = std::min(skipped, last_step);
  return {index, index};
}

StartPlace riffuse_start_of_strength(const Scheduler& scheduler, int64_t steps, double strength) {
  const auto count = static_cast<int64_t>(scheduler.timesteps().size());
  const int64_t offset = scheduler.config().steps_offset;
  const int64_t taken = std::min(taken_steps(steps, strength) + offset, steps);
  return {std::clamp<int64_t>(count - taken, 0, count - 1),
          std::clamp<int64_t>(steps - taken + offset, 0, count - 1)};
}

}  // namespace riffle::diffusion
