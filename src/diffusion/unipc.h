// SPDX-License-Identifier: GPL-3.0-or-later
// UniPC: Zhao et al. 2023, "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of
// Diffusion Models", with data prediction and B2(h).
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// Order 1 to 3. The corrector re-uses each evaluation, so a step costs one.
std::unique_ptr<Scheduler> make_unipc(const SchedulerConfig& config);

}  // namespace riffle::diffusion
