// SPDX-License-Identifier: GPL-3.0-or-later
// Euler's method stepping further down than asked and adding fresh noise back: k-diffusion's
// "ancestral" sampling.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// eta (default 1) is the share of the noise; at 0 this is euler.
std::unique_ptr<Scheduler> make_euler_ancestral(const SchedulerConfig& config);

}  // namespace riffle::diffusion
