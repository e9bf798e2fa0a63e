// SPDX-License-Identifier: GPL-3.0-or-later
// The linear layer, plain and gated.
#pragma once

#include <cstdint>

#include "nn/kernels/packed_weights.h"
#include "nn/layer.h"

namespace riffle::nn {

// y = x W^T + b over the last dimension. Parameters: weight [out, in], bias [out].
class Linear : public Layer {
 public:
  Linear(int64_t in_features, int64_t out_features, bool bias = true);

  // [..., in] -> [..., out]; `residual`, where given, has the result's shape and is added.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});
  void reset(const at::Generator& generator) override;

 protected:
  // A gated layer packs its two halves beside each other.
  Linear(int64_t in_features, int64_t out_features, bool bias, kernels::PackedMatrix::Order order);
  void do_pack(const PackOptions& options) override;
  void do_unpack() override;
  // The packed product; [..., in] -> [..., columns].
  at::Tensor multiply(const at::Tensor& x, const at::Tensor& residual, int64_t columns) const;

 private:
  double flop(const at::Tensor& x) const;

  int64_t in_features_;
  int64_t out_features_;
  kernels::PackedMatrix::Order order_;
  at::Tensor weight_;
  at::Tensor bias_;
  kernels::PackedMatrix packed_weight_;
};

// A linear layer with twice the outputs, one half of them gated by GELU of the other (Shazeer
// 2020).
class GatedLinear : public Linear {
 public:
  GatedLinear(int64_t in_features, int64_t out_features);
  at::Tensor forward(const at::Tensor& x);  // [..., in] -> [..., out]

 private:
  int64_t gated_features_;
};

}  // namespace riffle::nn
