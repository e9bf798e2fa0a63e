// SPDX-License-Identifier: GPL-3.0-or-later
// Multi-head attention (Vaswani et al. 2017, eq. 1) and the two layers built on it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::nn {

// softmax(q k^T / sqrt(D)) v for each head of D features.
// q: [B, N, heads * D], k, v: [B, M, heads * D] -> [B, N, heads * D]. `causal` hides the keys after
// a query's own position (N == M then). Where libtorch has no fused kernel and no gradient is
// wanted, heads are taken in portions, so that the scores never need more than 64 MB at once,
// or one head's.
struct AttentionOptions {
  int64_t heads = 1;
  bool causal = false;
  bool blocked = false;  // Riffle's own kernel: float32 on the CPU, not causal, no gradient
};
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options);

// Attention over a sequence, itself or another. Parameters: to_q, to_k, to_v (no bias), to_out.0.
class CrossAttention : public torch::nn::Module {
 public:
  // heads must divide features.
  CrossAttention(int64_t features, int64_t context_features, int64_t heads);
  // x: [B, N, features], context: [B, M, context_features] -> [B, N, features].
  // `residual`, where given, is added.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& context,
                     const at::Tensor& residual = {});

 private:
  int64_t heads_;
  std::shared_ptr<Linear> to_q_;
  std::shared_ptr<Linear> to_k_;
  std::shared_ptr<Linear> to_v_;
  std::shared_ptr<ModuleList<Linear>> to_out_;
};

// Self attention over the positions of a picture, added to it: the middle of the VAE. Parameters:
// group_norm, to_q, to_k, to_v, to_out.0.
class SpatialSelfAttention : public torch::nn::Module {
 public:
  SpatialSelfAttention(int64_t channels, int64_t heads, int64_t norm_groups, double norm_epsilon);
  at::Tensor forward(const at::Tensor& x);  // [B, C, H, W] -> same

 private:
  int64_t heads_;
  std::shared_ptr<GroupNorm> group_norm_;
  std::shared_ptr<Linear> to_q_;
  std::shared_ptr<Linear> to_k_;
  std::shared_ptr<Linear> to_v_;
  std::shared_ptr<ModuleList<Linear>> to_out_;
};

// A picture as a sequence of its positions, row by row, and back. The sequence shares the picture's
// memory where that lies channels last.
at::Tensor to_sequence(const at::Tensor& picture);  // [B, C, H, W] -> [B, H W, C]
at::Tensor to_picture(const at::Tensor& sequence, int64_t height, int64_t width);

}  // namespace riffle::nn
