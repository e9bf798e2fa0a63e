// SPDX-License-Identifier: GPL-3.0-or-later
// DPM-Solver++(2S) with ancestral noise: k-diffusion's DPM++ SDE, r = 1/2.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// Two evaluations a step but for the last. eta (default 1) is the share of the noise. The noise of
// a whole step contains that of its first half, as increments of one Brownian motion over sigma do.
std::unique_ptr<Scheduler> make_dpmpp_sde(const SchedulerConfig& config);

}  // namespace riffle::diffusion
