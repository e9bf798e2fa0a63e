// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks of ConsistencyAutoencoder, with Music2Latent's parameter names. Pictures are [B, C,
// rows of frequency, frames]; sequences of the bottleneck are pictures of one row.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "nn/conv1d.h"
#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::models {

// Groups of four channels, at most 32 groups.
std::shared_ptr<nn::GroupNorm> consistency_norm(int64_t channels);

// A convolution over frequency alone: kernel 5 x 1. Parameters: weight [out, in, 5, 1], bias [out].
class FrequencyConv : public nn::Layer {
 public:
  FrequencyConv(int64_t in_channels, int64_t out_channels, int64_t stride);
  at::Tensor forward(const at::Tensor& x);  // rows / stride
  void reset(const at::Generator& generator) override;

 private:
  int64_t in_channels_;
  int64_t stride_;
  at::Tensor weight_;
  at::Tensor bias_;
};

// Attention among the rows of each frame, added to them. Parameters: mha.{in_proj_weight,
// in_proj_bias, out_proj.weight, out_proj.bias}, norm.
class RowAttention : public torch::nn::Module {
 public:
  RowAttention(int64_t channels, int64_t heads);
  at::Tensor forward(const at::Tensor& x);

 private:
  class Projections;
  int64_t heads_;
  std::shared_ptr<Projections> mha_;
  std::shared_ptr<nn::Linear> out_proj_;
  std::shared_ptr<nn::GroupNorm> norm_;
};

struct ConsistencyBlockShape {
  int64_t in = 0;
  int64_t out = 0;
  int64_t condition = 0;  // width of the noise level's embedding; 0: none
  int64_t heads = 0;      // 0: no attention
};

// norm1, SiLU, conv1, + proj_emb of the condition, norm2, SiLU, conv2, + input (res_conv where
// the widths differ), att.
class ConsistencyBlock : public torch::nn::Module {
 public:
  explicit ConsistencyBlock(const ConsistencyBlockShape& shape);
  // condition: [B, width], undefined where there is none.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& condition = {});

 private:
  std::shared_ptr<nn::GroupNorm> norm1_;
  std::shared_ptr<nn::Conv2d> conv1_;
  std::shared_ptr<nn::Linear> proj_emb_;
  std::shared_ptr<nn::GroupNorm> norm2_;
  std::shared_ptr<nn::Conv2d> conv2_;
  std::shared_ptr<nn::Conv2d> res_conv_;
  std::shared_ptr<RowAttention> att_;
};

// The same over time alone, in the bottleneck, without condition or change of width.
class ConsistencyBlock1d : public torch::nn::Module {
 public:
  explicit ConsistencyBlock1d(int64_t channels);
  at::Tensor forward(const at::Tensor& x);  // [B, C, 1, T] -> same

 private:
  std::shared_ptr<nn::GroupNorm> norm1_;
  std::shared_ptr<nn::Conv1d> conv1_;
  std::shared_ptr<nn::GroupNorm> norm2_;
  std::shared_ptr<nn::Conv1d> conv2_;
};

// From one level to the next coarser or finer one. Parameters: c, and norm where there is one.
class LevelChange : public torch::nn::Module {
 public:
  enum class Direction { Down, Up };
  // frequency_only: by 4 in frequency; else by 2 in both. normed: the encoder's, before it.
  LevelChange(int64_t in, int64_t out, Direction direction, bool frequency_only, bool normed);
  at::Tensor forward(const at::Tensor& x);

 private:
  Direction direction_;
  std::shared_ptr<nn::GroupNorm> norm_;
  std::shared_ptr<FrequencyConv> over_frequency_;  // one of the two
  std::shared_ptr<nn::Conv2d> over_both_;
};

}  // namespace riffle::models
