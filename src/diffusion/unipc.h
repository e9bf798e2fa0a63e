// SPDX-License-Identifier: GPL-3.0-or-later
// UniPC: Zhao et al. 2023, "UniPC: A Unified Predictor-Corrector Framework", algorithms 5 and 6
// with B2(h) and data prediction.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// Order 1 to 3. The corrector re-uses each evaluation, so a step costs one.
std::unique_ptr<Scheduler> make_unipc(const SchedulerConfig& config);

}  // namespace riffle::diffusion
