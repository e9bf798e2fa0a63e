// SPDX-License-Identifier: GPL-3.0-or-later
// Linear multistep (Adams-Bashforth) on the probability flow ODE over the uneven grid of sigmas, up
// to four predictions back.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// Coefficients are the exact integrals of Lagrange's polynomials from one sigma to the next.
std::unique_ptr<Scheduler> make_lms(const SchedulerConfig& config);

}  // namespace riffle::diffusion
