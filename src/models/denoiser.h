// SPDX-License-Identifier: GPL-3.0-or-later
// The seam between pipelines and whatever predicts: noisy latents, noise level and conditioning in,
// prediction out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/job.h"
#include "core/json.h"
#include "models/step_cache.h"

namespace riffle::models {

// What steers a prediction. A model reads what it was trained with; the rest may be undefined. B is
// the latents'.
struct Conditioning {
  at::Tensor tokens{};   // [B, T, D]: prompts, token by token
  at::Tensor summary{};  // [B, D]: one embedding of a prompt or of a sound
  at::Tensor context{};  // [B, C, ...]: latents of the music to go with
  at::Tensor beats{};    // [B, kBeatRows, columns]: where beats and bars lie (beat_rows.h)
  at::Tensor chroma{};   // [B, kChromaRows, columns]: which notes are to sound (tone_rows.h)
};

struct DenoiseOptions {
  bool circular_time = false;  // the last column of time is followed by the first
  // Null: every evaluation is full. Models without coarse levels to reuse do not touch it. The
  // autoencoders ignore it.
  StepCache* step_cache = nullptr;
};

class Denoiser {
 public:
  virtual ~Denoiser() = default;

  virtual int64_t latent_channels() const = 0;
  // Time columns of the latents the model was trained on; longer stretches are best taken in
  // windows of it.
  virtual int64_t training_columns() const = 0;
  // Whether it reads Conditioning::beats, and Conditioning::chroma.
  virtual bool follows_beats() const { return false; }
  virtual bool follows_chroma() const { return false; }
  // The bundle's scheduler_config.json: the noise schedule, and what the prediction is of.
  virtual const Json& scheduler_config() const = 0;

  // latents: [B, C, ..., time], scaled as the scheduler says, float32. noise_level: the scheduler's
  // timestep, one for all items. Returns the prediction in the latents' shape, type and device. A
  // batch equals its items one by one. Throws Error{InvalidArgument} for shapes that do not fit,
  // Error{Cancelled} within a second or so of being asked.
  virtual at::Tensor predict(const at::Tensor& latents, double noise_level,
                             const Conditioning& conditioning, const DenoiseOptions& options = {},
                             const Job& job = {}) = 0;

 protected:
  Denoiser() = default;
  Denoiser(const Denoiser&) = default;
  Denoiser& operator=(const Denoiser&) = default;
};

}  // namespace riffle::models
