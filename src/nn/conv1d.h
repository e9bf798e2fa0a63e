// SPDX-License-Identifier: GPL-3.0-or-later
// One-dimensional convolution over time. Sequences lie as pictures of one row, [B, C, 1, T], so
// that norms and attention of pictures serve them as they are.
#pragma once

#include <cstdint>

#include "nn/kernels/packed_weights.h"
#include "nn/layer.h"

namespace riffle::nn {

// Of stride 1; T stays as it is: zeros lie around the ends, or, within a CircularWidth scope
// (conv2d.h), the other end does. Parameters: weight [out, in, kernel], bias [out].
class Conv1d : public Layer {
 public:
  // kernel must be odd.
  Conv1d(int64_t in_channels, int64_t out_channels, int64_t kernel = 3);
  // [B, in, 1, T] -> [B, out, 1, T]; `residual`, where given, has the result's shape and is added.
  // Packed: the result lies channels last.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});
  void reset(const at::Generator& generator) override;
  // Zeros: a layer that closes a residual block begins so.
  void reset_to_zero();

 protected:
  void do_pack(const PackOptions& options) override;
  void do_unpack() override;

 private:
  at::Tensor convolve(const at::Tensor& x) const;
  at::Tensor convolve_packed(const at::Tensor& x, const at::Tensor& residual) const;

  int64_t in_channels_;
  int64_t out_channels_;
  int64_t kernel_;
  at::Tensor weight_;
  at::Tensor bias_;
  kernels::PackedMatrix packed_weight_;
};

}  // namespace riffle::nn
