// SPDX-License-Identifier: GPL-3.0-or-later
// DPM-Solver++(2M): Lu et al. 2022, "DPM-Solver++", algorithm 2 (midpoint), and its stochastic
// form, SDE-DPM-Solver++(2M).
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// algorithm_type sde-dpmsolver++ brings fresh noise in, by eta (default 1); at 0 it is the
// deterministic one. Order 1 or 2; the last step is of first order below 15 steps where
// lower_order_final is on, and always where it ends at no noise. Throws Error{Unsupported} for
// order 3.
std::unique_ptr<Scheduler> make_dpmpp_2m(const SchedulerConfig& config);

}  // namespace riffle::diffusion
