// SPDX-License-Identifier: GPL-3.0-or-later
// The sampler loop: noisy latents in, clean latents out, over a stretch of time of any length.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "core/job.h"
#include "diffusion/guidance.h"
#include "diffusion/noise.h"
#include "diffusion/scheduler.h"
#include "diffusion/windows.h"
#include "models/denoiser.h"

namespace riffle::diffusion {

// What steers a window. Tensors are [B, ...] with B of the latents, or [1, ...] for all items.
struct GuidedPrompt {
  models::Conditioning positive = {};
  // What guidance moves away from; may stay empty where there is none.
  models::Conditioning negative = {};
};

// Given latents with the noise they are covered with, both of the latents' shape.
struct KnownLatents {
  at::Tensor latents = {};
  at::Tensor noise = {};
};

// The part of the latents that is known (masks.h: 1 repaints, 0 keeps): put back after every step.
struct KeptPart {
  at::Tensor mask = {};  // [1 or B, 1, H, W]
  KnownLatents known = {};
  // Riffusion puts it back at the level the step came from, so that what is kept stays one step
  // noisier than the rest, at the end too. Off: at the level the step went to.
  bool at_level_before = false;
};

// MagicMix (Liew et al. 2022, section 3.2): while the layout forms, the model sees a mixture of the
// latents and of the source at the same level.
struct MagicMix {
  KnownLatents source = {};
  double share = 0.5;      // of the latents; the rest is the source
  int64_t from_index = 0;  // of Scheduler::timesteps()
  int64_t to_index = 0;    // the first one that is left alone
};

// Loops inside the stretch: after each of the first strength * steps steps the first of so many
// equal parts is put in the place of the others. At strength 1 the result has exactly that period;
// below, its repetitions vary.
struct Tiling {
  int64_t repeats = 1;  // divides the columns
  double strength = 1;
};

struct SamplePreview {
  int64_t step = 0;  // 1 after the first
  int64_t steps = 0;
  at::Tensor latents = {};  // the clean ones the model sees in these, [B, C, H, W]
};

struct SampleOptions {
  GuidanceOptions guidance = {};
  // Stretches longer than a window are taken in windows whose predictions are blended at every
  // step. circular: a loop.
  WindowOptions windows = {};
  std::optional<KeptPart> keep = {};
  std::optional<MagicMix> mix = {};
  std::optional<Tiling> tiling = {};
  // Predictions for the outer layers only, in all but one of so many steps (models/denoiser.h); 1
  // computes everything always.
  int64_t cache_interval = 1;
  NoiseSource* noise = nullptr;  // for stochastic schedulers
  std::function<void(const SamplePreview&)> on_preview = {};
};

// latents: [B, C, H, W], float32, at the level where the scheduler stands. prompts: one for all
// windows, or one for each of them. Runs the scheduler to its end. Progress stage "diffuse", in
// model evaluations times windows. Throws Error{InvalidArgument} for what does not fit together,
// Error{Cancelled} within one prediction's own delay.
at::Tensor sample(models::Denoiser& denoiser, Scheduler& scheduler, const at::Tensor& latents,
                  std::span<const GuidedPrompt> prompts, const SampleOptions& options,
                  const Job& job = {});

}  // namespace riffle::diffusion
