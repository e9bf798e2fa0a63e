// SPDX-License-Identifier: GPL-3.0-or-later
// The seam between pipelines and whatever turns pictures or waveforms into latents and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/job.h"
#include "models/denoiser.h"

namespace riffle::models {

struct AutoencoderInfo {
  enum class Medium { Picture, Waveform };
  Medium medium = Medium::Picture;
  int64_t media_channels = 3;  // of a picture, or of a waveform
  int64_t latent_channels = 4;
  int64_t time_factor = 8;       // columns of a picture, or samples, per latent column
  int64_t frequency_factor = 8;  // rows of a picture per latent row; 1 for waveforms
};

class Autoencoder {
 public:
  virtual ~Autoencoder() = default;

  virtual const AutoencoderInfo& info() const = 0;

  // media: pictures [B, C, H, W] in -1..1 with sides that are multiples of the factors, or
  // waveforms [B, C, samples]. noise: standard normal in the latents' shape, to sample the
  // posterior with; undefined for its mean. Returns latents of about unit variance, float32: what a
  // Denoiser takes. Both throw Error{InvalidArgument} for shapes that do not fit, and
  // Error{Cancelled}.
  virtual at::Tensor encode(const at::Tensor& media, const at::Tensor& noise = {},
                            const DenoiseOptions& options = {}, const Job& job = {}) = 0;
  // The reverse; pictures are not clamped.
  virtual at::Tensor decode(const at::Tensor& latents, const DenoiseOptions& options = {},
                            const Job& job = {}) = 0;

 protected:
  Autoencoder() = default;
  Autoencoder(const Autoencoder&) = default;
  Autoencoder& operator=(const Autoencoder&) = default;
};

}  // namespace riffle::models
