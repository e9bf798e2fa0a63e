// SPDX-License-Identifier: GPL-3.0-or-later
// DeepCache (Ma et al. 2023, arXiv:2312.00858): from one sampling step to the next the coarse
// levels of a UNet change little, so a step may reuse what they gave last time and run only the
// finest level.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace riffle::models {

// What one stretch of latents carries from evaluation to evaluation: its own cache for each window
// and, where a batch is evaluated in parts, for each part.
struct StepCache {
  // Set by the sampler before an evaluation: true to reuse what the last full one left. Shapes are
  // compared; without anything to reuse, the evaluation is full all the same.
  bool shallow = false;
  // How much of the finest level a shallow evaluation runs: so many layers on the way down and one
  // more on the way up, at most all of them. Not to be changed between evaluations.
  int64_t layers = 1;

  // Counted by the model, for the result's notes.
  int64_t full_evaluations = 0;
  int64_t shallow_evaluations = 0;

  // Kept by the model: what enters the layers that always run.
  at::Tensor deep{};
};

}  // namespace riffle::models
