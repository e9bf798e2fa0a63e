// SPDX-License-Identifier: GPL-3.0-or-later
// PNDM without its Runge-Kutta start ("PLMS"): Liu et al. 2022, "Pseudo Numerical Methods for
// Diffusion Models on Manifolds", eq. 9 and algorithm 2. The sampler of the published riffusion
// model.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// The second timestep is listed twice: the first step is taken by Euler and then again with the
// mean of both ends' predictions. set_alpha_to_one defaults to false.
//
// A trap kept for the sake of equal results: a run begun by start_at() in the middle of the list
// has no repeated timestep, yet its second evaluation still goes back and takes the first step
// again. From there to the end the sample is one step noisier than the timestep the model is told.
// The original does just this, and so do the clips made with it; other samplers here do not.
std::unique_ptr<Scheduler> make_pndm(const SchedulerConfig& config);

}  // namespace riffle::diffusion
