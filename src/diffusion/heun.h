// SPDX-License-Identifier: GPL-3.0-or-later
// Heun's second-order method: Karras et al. 2022, algorithm 1.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// Two evaluations a step but for the last: 2 steps - 1 in all.
std::unique_ptr<Scheduler> make_heun(const SchedulerConfig& config);

}  // namespace riffle::diffusion
