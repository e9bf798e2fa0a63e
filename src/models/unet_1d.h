// SPDX-License-Identifier: GPL-3.0-or-later
// UNet1D: what predicts in accompaniment models. The DDPM++ network (Song et al. 2021, in the form
// of Karras et al. 2022, appendix F.2) with time as its only dimension: latents of the music to go
// with lie beside the noisy ones, an embedding of the wished-for sound reaches every block. It sees
// no absolute positions, so a piece may have any length.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

#include "core/job.h"
#include "models/unet_1d_config.h"
#include "nn/attention.h"
#include "nn/conv1d.h"
#include "nn/embeddings.h"
#include "nn/layer.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::models {

// norm0, SiLU, conv0, scale and shift, norm1, SiLU, conv1, + input, attention; after each sum times
// sqrt(1/2), which keeps the variance.
class UNet1DBlock : public torch::nn::Module {
 public:
  UNet1DBlock(const UNet1DBlockPlan& plan, const UNet1DConfig& config);
  // x: [B, in, 1, T], embedding: [B, E] after SiLU -> [B, out, 1, T, T / 2 or 2 T].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& embedding);
  void close();  // as a block begins: it hands on its input

 private:
  at::Tensor resampled(const at::Tensor& x) const;

  UNet1DBlockPlan plan_;
  bool scale_shift_;
  std::shared_ptr<nn::GroupNorm> norm0_;
  std::shared_ptr<nn::Conv1d> conv0_;
  std::shared_ptr<nn::Linear> affine_;
  std::shared_ptr<nn::GroupNorm> norm1_;
  std::shared_ptr<nn::Conv1d> conv1_;
  std::shared_ptr<nn::Conv1d> skip_;
  std::shared_ptr<nn::SpatialSelfAttention> attention_;
};

// What it is steered by. Undefined: not at all.
struct UNet1DConditions {
  at::Tensor context{};  // [B, context_channels, T], as UNet1D::normalise makes it
  at::Tensor
      present{};       // [B], 1, or 0 where there is none and it is not looked at; needed with one
  at::Tensor style{};  // [B, D], of unit length
  at::Tensor has_style{};  // [B], 1 or 0, the same
  at::Tensor chroma{};     // [B, chroma_channels, T] (tone_rows.h), its last row 0 where not known
};

class UNet1D : public torch::nn::Module {
 public:
  // The weights are loaded, or set by start().
  explicit UNet1D(const UNet1DConfig& config);
  // As training begins: random, with blocks that hand on their input and a prediction of zero.
  void start(uint64_t seed);

  // noisy: [B, C, T], times c_in. noise_label: [B], ln(sigma) / 4. Conditions the configuration has
  // no channels for are not read. circular: the last column is followed by the first; exact where T
  // is a multiple of the configuration's column_multiple(). -> [B, C, T]. A batch equals its items
  // one by one. Throws Error{InvalidArgument} for shapes that do not fit, Error{Cancelled} between
  // blocks.
  at::Tensor forward(const at::Tensor& noisy, const at::Tensor& noise_label,
                     const UNet1DConditions& conditions, bool circular = false,
                     const Job& job = {});

  // Latents [..., C, T] to unit variance and back, by the configuration's statistics.
  at::Tensor normalise(const at::Tensor& latents) const;
  at::Tensor denormalise(const at::Tensor& latents) const;

  const UNet1DConfig& config() const { return config_; }
  // One value a channel. Throws Error{InvalidArgument} for another number of them.
  void set_statistics(std::vector<double> mean, std::vector<double> deviation);

 private:
  void check(const at::Tensor& noisy, const at::Tensor& noise_label,
             const UNet1DConditions& conditions) const;
  at::Tensor embedding_of(const at::Tensor& noise_label, const UNet1DConditions& conditions);
  at::Tensor input_of(const at::Tensor& noisy, const UNet1DConditions& conditions) const;
  at::Tensor run(const at::Tensor& input, const at::Tensor& embedding, const Job& job);

  UNet1DConfig config_;
  UNet1DPlan plan_;
  std::shared_ptr<nn::TimestepEmbedding> time_embedding_;
  std::shared_ptr<nn::Linear> style_embedding_;
  std::shared_ptr<nn::Conv1d> conv_in_;
  std::shared_ptr<nn::ModuleList<UNet1DBlock>> down_blocks_;
  std::shared_ptr<nn::ModuleList<UNet1DBlock>> mid_blocks_;
  std::shared_ptr<nn::ModuleList<UNet1DBlock>> up_blocks_;
  std::shared_ptr<nn::GroupNorm> norm_out_;
  std::shared_ptr<nn::Conv1d> conv_out_;
};

}  // namespace riffle::models
