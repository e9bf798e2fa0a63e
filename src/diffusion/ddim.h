// SPDX-License-Identifier: GPL-3.0-or-later
// DDIM: Song et al. 2021, "Denoising Diffusion Implicit Models", eq. 12 and 16.
#pragma once

#include <memory>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

// eta (default 0): 0 is deterministic, 1 has DDPM's variance. set_alpha_to_one defaults to true.
std::unique_ptr<Scheduler> make_ddim(const SchedulerConfig& config);

}  // namespace riffle::diffusion
