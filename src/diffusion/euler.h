// SPDX-License-Identifier: GPL-3.0-or-later
// Euler's method on the probability flow ODE: Karras et al. 2022, "Elucidating the Design Space of
// Diffusion-Based Generative Models", algorithm 1 without its second-order correction.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// use_karras_sigmas makes it euler_karras.
std::unique_ptr<Scheduler> make_euler(const SchedulerConfig& config);

}  // namespace riffle::diffusion
