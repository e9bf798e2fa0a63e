// SPDX-License-Identifier: GPL-3.0-or-later
// AutoencoderKL: pictures to latents and back (Rombach et al. 2022, section 3.1). Configuration and
// parameter names are diffusers'.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "nn/vae_blocks.h"

namespace riffle::models {

// Defaults are Stable Diffusion 1.5's, except for the channels, which every file states.
struct AutoencoderKLConfig {
  int64_t in_channels = 3;
  int64_t out_channels = 3;
  int64_t latent_channels = 4;
  std::vector<int64_t> block_out_channels = {128, 256, 512, 512};  // finest first
  int64_t layers_per_block = 2;
  int64_t norm_num_groups = 32;
  int64_t sample_size = 512;
  double scaling_factor =
      0.18215;  // what a pipeline multiplies latents with; encode and decode here do not
  bool use_quant_conv = true;
  bool use_post_quant_conv = true;
  bool mid_block_attention = true;

  // Pixels per latent and side: 8 with four levels.
  int64_t factor() const { return int64_t{1} << (block_out_channels.size() - 1); }

  // Throws Error{BadFile, Unsupported} naming the field.
  static AutoencoderKLConfig from_json(const Json& json, const std::string& where);
};

// A diagonal Gaussian over latents.
struct LatentMoments {
  at::Tensor mean;    // [B, latent_channels, H / factor, W / factor]
  at::Tensor logvar;  // same, within [-30, 20]

  // mean + exp(logvar / 2) noise.
  at::Tensor sample(const at::Tensor& noise) const;
};

class VaeEncoder : public torch::nn::Module {
 public:
  explicit VaeEncoder(const AutoencoderKLConfig& config);
  at::Tensor forward(const at::Tensor& picture, const Job& job);  // -> [B, 2 latent_channels, h, w]

 private:
  std::shared_ptr<nn::Conv2d> conv_in_;
  std::shared_ptr<nn::ModuleList<nn::VaeDownBlock>> down_blocks_;
  std::shared_ptr<nn::VaeMidBlock> mid_block_;
  std::shared_ptr<nn::GroupNorm> conv_norm_out_;
  std::shared_ptr<nn::Conv2d> conv_out_;
};

class VaeDecoder : public torch::nn::Module {
 public:
  explicit VaeDecoder(const AutoencoderKLConfig& config);
  at::Tensor forward(const at::Tensor& z, const Job& job);  // -> [B, out_channels, H, W]

 private:
  std::shared_ptr<nn::Conv2d> conv_in_;
  std::shared_ptr<nn::VaeMidBlock> mid_block_;
  std::shared_ptr<nn::ModuleList<nn::VaeUpBlock>> up_blocks_;
  std::shared_ptr<nn::GroupNorm> conv_norm_out_;
  std::shared_ptr<nn::Conv2d> conv_out_;
};

class AutoencoderKL : public torch::nn::Module {
 public:
  explicit AutoencoderKL(const AutoencoderKLConfig& config);

  // picture: [B, in_channels, H, W] in -1..1, H and W multiples of factor().
  LatentMoments encode(const at::Tensor& picture, const Job& job = {});
  // z: [B, latent_channels, h, w], not scaled by scaling_factor -> [B, out_channels, h factor, w
  // factor], about -1..1.
  at::Tensor decode(const at::Tensor& z, const Job& job = {});
  // Both throw Error{InvalidArgument} for another shape and Error{Cancelled} between layers.

  const AutoencoderKLConfig& config() const { return config_; }

 private:
  AutoencoderKLConfig config_;
  std::shared_ptr<VaeEncoder> encoder_;
  std::shared_ptr<VaeDecoder> decoder_;
  std::shared_ptr<nn::Conv2d> quant_conv_;
  std::shared_ptr<nn::Conv2d> post_quant_conv_;
};

}  // namespace riffle::models
