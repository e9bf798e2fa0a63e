// SPDX-License-Identifier: GPL-3.0-or-later
// Two-dimensional convolutions over channels-last pictures on all threads.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/kernels/packed_weights.h"

namespace riffle::nn::kernels {

// Which pixel of the picture each tap of a convolution reads. Padding, wrapping around and
// nearest-neighbour enlargement before the convolution are all told by two lists.
struct ConvGeometry {
  struct Axis {
    int64_t size = 0;      // pixels of the picture along this axis
    int64_t enlarged = 0;  // pixels after nearest-neighbour enlargement; `size` for none
    int64_t begin_padding = 1;
    int64_t end_padding = 1;
    bool circular = false;  // pad with the other end's pixels instead of zeros
  };
  ConvGeometry(const Axis& vertical, const Axis& horizontal, int64_t kernel, int64_t stride);

  int64_t kernel;
  int64_t stride;
  int64_t height, width;          // of the picture
  int64_t out_height, out_width;  // of the result
  bool doubled;  // enlarged to twice its size along both axes, then padded by one all around
  // source row of padded row i, column of padded column i; -1: zeros.
  std::vector<int32_t> rows, columns;
};

struct ConvCall {
  const float* x = nullptr;  // [batch][height][width][C]
  int64_t batch = 1;
  const float* bias = nullptr;  // [K], or [batch][K] with bias_stride K
  int64_t bias_stride = 0;
  const float* residual = nullptr;  // laid out as `out`, added to it
  float* out = nullptr;             // [batch][out_height][out_width][K]
};

// kernel 3, stride 1, padding 1. F(2x2, 3x3), F(4x4, 3x3) or F(6x6, 3x3), or for a picture enlarged
// to twice its size four times F(7x7, 2x2): the one that needs the fewest multiplications for the
// size.
void winograd_convolution(const PackedConv3x3& weights, const ConvGeometry& geometry,
                          const ConvCall& call);

// Any kernel and stride, one bias for all items. weights: depth (row of the kernel, column of the
// kernel, input channel).
void direct_convolution(const PackedMatrix& weights, const ConvGeometry& geometry,
                        const ConvCall& call);

}  // namespace riffle::nn::kernels
