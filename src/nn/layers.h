// SPDX-License-Identifier: GPL-3.0-or-later
// The leaf layers of every model: linear, convolution, norms, embedding. Shapes are PyTorch's,
// parameters are named `weight` and `bias`.
#pragma once

#include <cstdint>

#include "nn/layer.h"

namespace riffle::nn {

// y = x W^T + b over the last dimension. weight: [out, in].
class Linear : public Layer {
 public:
  Linear(int64_t in_features, int64_t out_features, bool bias = true);
  at::Tensor forward(const at::Tensor& x);  // [..., in] -> [..., out]
  void reset(const at::Generator& generator) override;
  int64_t in_features() const { return in_features_; }
  int64_t out_features() const { return out_features_; }

 private:
  int64_t in_features_;
  int64_t out_features_;
  at::Tensor weight_;
  at::Tensor bias_;
};

struct Conv2dOptions {
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t padding = 1;
  // Zeros added below and to the right only, as Stable Diffusion's VAE does before its strided
  // convolutions.
  int64_t extra_end_padding = 0;
};

// weight: [out, in, kernel, kernel]. Under a CircularWidth guard the width is padded by wrapping
// around, not with zeros.
class Conv2d : public Layer {
 public:
  Conv2d(int64_t in_channels, int64_t out_channels, Conv2dOptions options = {});
  at::Tensor forward(const at::Tensor& x);  // [B, in, H, W] -> [B, out, H', W']
  void reset(const at::Generator& generator) override;

 private:
  int64_t in_channels_;
  Conv2dOptions options_;
  at::Tensor weight_;
  at::Tensor bias_;
};

// While it lives, every Conv2d run by this thread treats the width (time) as a circle. Scopes nest.
class CircularWidth {
 public:
  explicit CircularWidth(bool on);
  ~CircularWidth();
  CircularWidth(const CircularWidth&) = delete;
  CircularWidth& operator=(const CircularWidth&) = delete;
  static bool active();

 private:
  bool before_;
};

// Statistics over groups of channels and all positions; weight, bias: [channels].
class GroupNorm : public Layer {
 public:
  // Throws Error{InvalidArgument} unless groups divides channels.
  GroupNorm(int64_t groups, int64_t channels, double epsilon);
  at::Tensor forward(const at::Tensor& x);       // [B, C, ...] -> same
  at::Tensor forward_silu(const at::Tensor& x);  // silu(forward(x))
  void reset(const at::Generator& generator) override;

 private:
  int64_t groups_;
  double epsilon_;
  at::Tensor weight_;
  at::Tensor bias_;
};

class LayerNorm : public Layer {
 public:
  explicit LayerNorm(int64_t features, double epsilon = 1e-5);
  at::Tensor forward(const at::Tensor& x);  // [..., features] -> same
  void reset(const at::Generator& generator) override;

 private:
  int64_t features_;
  double epsilon_;
  at::Tensor weight_;
  at::Tensor bias_;
};

// weight: [count, features].
class Embedding : public Layer {
 public:
  Embedding(int64_t count, int64_t features);
  at::Tensor forward(const at::Tensor& ids);  // int64 [...] -> [..., features]
  void reset(const at::Generator& generator) override;

 private:
  at::Tensor weight_;
};

}  // namespace riffle::nn
