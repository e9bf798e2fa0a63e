// SPDX-License-Identifier: GPL-3.0-or-later
// ResNet blocks over pictures and the resampling between levels, with diffusers' parameter names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::nn {

struct ResnetOptions {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t time_features = 0;  // 0: no time embedding (VAE)
  int64_t norm_groups = 32;
  double norm_epsilon = 1e-5;
  double output_scale_factor = 1;
};

// norm1, SiLU, conv1, + time embedding, norm2, SiLU, conv2, + input (through conv_shortcut where
// channels differ).
class ResnetBlock2D : public torch::nn::Module {
 public:
  explicit ResnetBlock2D(const ResnetOptions& options);
  // x: [B, in, H, W], time: [B, time_features] after SiLU, undefined without one -> [B, out, H, W].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& time = {});

 private:
  double output_scale_factor_;
  std::shared_ptr<GroupNorm> norm1_;
  std::shared_ptr<Conv2d> conv1_;
  std::shared_ptr<Linear> time_emb_proj_;
  std::shared_ptr<GroupNorm> norm2_;
  std::shared_ptr<Conv2d> conv2_;
  std::shared_ptr<Conv2d> conv_shortcut_;
};

// Halves both sides by a strided convolution. padding 1: zeros all around; 0: one row and column of
// zeros at the end.
class Downsample2D : public torch::nn::Module {
 public:
  Downsample2D(int64_t channels, int64_t padding);
  at::Tensor forward(const at::Tensor& x);  // [B, C, H, W] -> [B, C, ceil(H / 2), ceil(W / 2)]

 private:
  std::shared_ptr<Conv2d> conv_;
};

// Nearest neighbour to twice the size, or to a given one, then a convolution.
class Upsample2D : public torch::nn::Module {
 public:
  explicit Upsample2D(int64_t channels);
  at::Tensor forward(const at::Tensor& x, std::optional<PictureSize> size = {});

 private:
  std::shared_ptr<Conv2d> conv_;
};

}  // namespace riffle::nn
