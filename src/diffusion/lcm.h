// SPDX-License-Identifier: GPL-3.0-or-later
// Multistep consistency sampling of latent consistency models: Luo et al. 2023, algorithm 3.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// For distilled models (or LCM LoRAs) only, 2 to 8 steps, guidance 1 to 2. Every step but the last
// brings fresh noise in; the last returns its clean prediction. At most original_inference_steps
// steps.
std::unique_ptr<Scheduler> make_lcm(const SchedulerConfig& config);

}  // namespace riffle::diffusion
