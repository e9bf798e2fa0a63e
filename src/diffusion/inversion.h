// SPDX-License-Identifier: GPL-3.0-or-later
// The noise that a model would have made given latents from: Song et al. 2021, "Denoising Diffusion
// Implicit Models", section 4.3, run upwards.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "core/job.h"
#include "diffusion/sampler.h"
#include "diffusion/scheduler_config.h"

namespace riffle::diffusion {

// latents [B, C, H, W]: clean ones. The noise n with which DDIM, told the same, would come to them
// from alpha latents + sigma n, when it begins at timestep `top`: what is in the latents (where
// notes begin and lie) is in it. prompts as in sample(), without guidance; of the
// options windows and cache.
// Throws what sample() throws, and Error{Unsupported} for models without training timesteps (EDM).
at::Tensor inverted_noise(models::Denoiser& denoiser, const SchedulerConfig& config,
                          const at::Tensor& latents, double top, int64_t evaluations,
                          std::span<const GuidedPrompt> prompts, const SampleOptions& options,
                          const Job& job = {});

}  // namespace riffle::diffusion
