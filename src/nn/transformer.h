// SPDX-License-Identifier: GPL-3.0-or-later
// The transformer that follows each ResNet block of a UNet2DConditionModel: self attention,
// attention to the prompt, feed-forward (Rombach et al. 2022, appendix E.2.1), with diffusers'
// parameter names.
#pragma once

#include <cstdint>
#include <memory>

#include "nn/attention.h"
#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::nn {

// A gated linear layer to four times the features, and a linear one back. Parameters: net.0.proj,
// net.2.
class FeedForward : public torch::nn::Module {
 public:
  explicit FeedForward(int64_t features);
  // [..., features] -> same; `residual`, where given, is added.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});

 private:
  std::shared_ptr<GatedLinear> gated_;
  std::shared_ptr<Linear> out_;
};

// x += self attention; x += attention to context; x += feed-forward; each after a layer norm.
class BasicTransformerBlock : public torch::nn::Module {
 public:
  BasicTransformerBlock(int64_t features, int64_t context_features, int64_t heads);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& context);

 private:
  std::shared_ptr<LayerNorm> norm1_;
  std::shared_ptr<CrossAttention> attn1_;
  std::shared_ptr<LayerNorm> norm2_;
  std::shared_ptr<CrossAttention> attn2_;
  std::shared_ptr<LayerNorm> norm3_;
  std::shared_ptr<FeedForward> ff_;
};

struct Transformer2DOptions {
  int64_t channels = 0;
  int64_t context_features = 0;
  int64_t heads = 8;
  int64_t layers = 1;
  int64_t norm_groups = 32;
  bool linear_projection = false;  // proj_in, proj_out: linear layers instead of 1x1 convolutions
};

// x: [B, C, H, W], context: [B, T, context_features] -> [B, C, H, W].
class Transformer2D : public torch::nn::Module {
 public:
  explicit Transformer2D(const Transformer2DOptions& options);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& context);

 private:
  std::shared_ptr<GroupNorm> norm_;
  std::shared_ptr<Linear> linear_in_;  // either the linear pair or the convolution pair is there
  std::shared_ptr<Linear> linear_out_;
  std::shared_ptr<Conv2d> conv_in_;
  std::shared_ptr<Conv2d> conv_out_;
  std::shared_ptr<ModuleList<BasicTransformerBlock>> blocks_;
};

}  // namespace riffle::nn
