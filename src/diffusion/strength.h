// SPDX-License-Identifier: GPL-3.0-or-later
// Where a run that begins from a given sound starts: the share of the noise it is covered with.
#pragma once

#include <cstdint>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// Places in Scheduler::timesteps().
struct StartPlace {
  int64_t noise_index = 0;  // add_noise at this one
  int64_t first_index = 0;  // start_at this one
};

// The last strength * steps() steps are taken, rounded down but at least one: diffusers' rule since
// 0.11. Call set_timesteps before. Throws Error{InvalidArgument} for a strength outside [0, 1].
StartPlace start_of_strength(const Scheduler& scheduler, double strength);

// Riffusion's rule, after diffusers 0.10: steps_offset steps more than that, counted from the end
// of the list. With pndm, whose list repeats an entry, strength 1 still begins at the second
// timestep.
StartPlace riffuse_start_of_strength(const Scheduler& scheduler, double strength);

}  // namespace riffle::diffusion
