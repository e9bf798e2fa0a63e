// SPDX-License-Identifier: GPL-3.0-or-later
// Group and layer normalisation.
#pragma once

#include <cstdint>

#include "nn/layer.h"

namespace riffle::nn {

// Statistics over groups of channels and all positions (Wu and He 2018). Parameters: weight, bias
// [channels].
class GroupNorm : public Layer {
 public:
  // Throws Error{InvalidArgument} unless groups divides channels.
  GroupNorm(int64_t groups, int64_t channels, double epsilon);
  at::Tensor forward(const at::Tensor& x);       // [B, C, H, W] -> same
  at::Tensor forward_silu(const at::Tensor& x);  // silu(forward(x))
  // The same for an x that nobody else looks at: a packed layer writes over it.
  at::Tensor forward_silu_over(at::Tensor x);
  void reset(const at::Generator& generator) override;

 private:
  // picture: channels last; out: laid out the same, may be picture itself.
  void normalise_packed(const at::Tensor& picture, bool silu, const at::Tensor& out) const;
  at::Tensor forward_packed(const at::Tensor& x, bool silu) const;

  int64_t groups_;
  double epsilon_;
  at::Tensor weight_;
  at::Tensor bias_;
};

// Over the last dimension (Ba et al. 2016). Parameters: weight, bias [features].
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

}  // namespace riffle::nn
