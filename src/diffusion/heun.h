// SPDX-License-Identifier: GPL-3.0-or-later
// Heun's second-order method: Karras et al. 2022, algorithm 1.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// Two evaluations a step but for the last: 2 steps - 1 in all. With churn (SchedulerConfig) every
// step begins a little noisier than the one before it ended: algorithm 2.
std::unique_ptr<Scheduler> make_heun(const SchedulerConfig& config);

}  // namespace riffle::diffusion
