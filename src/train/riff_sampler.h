// SPDX-License-Identifier: GPL-3.0-or-later
// Latents out of noise by a network that is still in training, for samples of a run.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

#include "core/job.h"
#include "core/json.h"

namespace riffle::train {

struct RiffSampleOptions {
  std::string scheduler = "dpmpp_2m";
  int64_t steps = 16;
  double guidance = 3;
};

// predict: noisy latents [B, C, rows, columns] and a timestep -> predictions [2 B, ...], those for
// the prompts first, then those for none. noise: [B, C, rows, columns]. What the scheduler brings
// in of fresh noise is always the same.
at::Tensor sample_latents(
    const std::function<at::Tensor(const at::Tensor& noisy, double timestep)>& predict,
    const at::Tensor& noise, const Json& scheduler_config, const RiffSampleOptions& options,
    const Job& job);

}  // namespace riffle::train
