// SPDX-License-Identifier: GPL-3.0-or-later
// ConsistencyAutoencoder: sound to latents that are short in time, and back in one step of a
// consistency model (Song et al. 2023) that looks at them at every level. Music2Latent's
// architecture (Pasini et al. 2024, arXiv:2408.06500) with its parameter names; what cuts long
// sounds into pieces is in sound_autoencoder.h.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/job.h"
#include "models/consistency_config.h"

namespace riffle::models {

class ConsistencyAutoencoder : public torch::nn::Module {
 public:
  explicit ConsistencyAutoencoder(const ConsistencyConfig& config);
  ~ConsistencyAutoencoder() override;
  // As training begins: random, with residual blocks that hand on their input and a U-Net that
  // gives zero.
  void start(uint64_t seed);

  // Pictures are companded_stft()'s, [B, 2, bins, T], T a multiple of frames_per_latent(). All
  // throw Error{InvalidArgument} for other shapes, Error{Cancelled} between levels.
  // -> [B, bottleneck_channels, T / frames_per_latent()], in -1..1.
  at::Tensor encode(const at::Tensor& picture, const Job& job = {});
  // Latents as encode() makes them -> what the U-Net looks at, finest level first.
  std::vector<at::Tensor> pyramid(const at::Tensor& latents, const Job& job = {});
  // The consistency function: noisy pictures and their noise levels [B] -> clean ones. At sigma_min
  // it is the identity.
  at::Tensor denoise(const at::Tensor& noisy, const at::Tensor& sigma,
                     const std::vector<at::Tensor>& pyramid, const Job& job = {});

  const ConsistencyConfig& config() const { return config_; }

 private:
  struct Encoder;
  struct Decoder;
  struct UNet;
  ConsistencyConfig config_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<Decoder> decoder_;
  std::shared_ptr<UNet> unet_;  // its parameters are this module's own
};

// The noise levels of decoding in `steps` steps, from the highest down, without a final 0.
std::vector<double> consistency_sigmas(const ConsistencyConfig& config, int64_t steps);

}  // namespace riffle::models
