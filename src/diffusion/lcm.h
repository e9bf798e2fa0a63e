// SPDX-License-Identifier: GPL-3.0-or-later
// Multistep consistency sampling of latent consistency models: Luo et al. 2023, algorithm 3.
#pragma once

#include <cstdint>
#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// The consistency function, which takes a sample of any noise level to the clean one: skip sample +
// out estimate, where the estimate is what the model's output says of the clean sample. It is the
// identity at timestep 0.
struct ConsistencyScales {
  double skip = 0;
  double out = 1;
};
ConsistencyScales consistency_scales(const SchedulerConfig& config, double timestep);

// The timesteps a model is distilled at end original_inference_steps equal stretches: so many
// timesteps lie in each.
int64_t consistency_stretch(const SchedulerConfig& config);

// For distilled models (or LCM LoRAs) only, 2 to 8 steps, guidance 1 to 2. Every step but the last
// brings fresh noise in; the last returns its clean prediction. At most original_inference_steps
// steps.
std::unique_ptr<Scheduler> make_lcm(const SchedulerConfig& config);

}  // namespace riffle::diffusion
