// SPDX-License-Identifier: GPL-3.0-or-later
// Products with packed weights on all threads: linear layers, 1x1 convolutions, and any convolution
// as a product of patches.
#pragma once

#include <cstdint>

#include "nn/kernels/packed_weights.h"

namespace riffle::nn::kernels {

// Where the rows of the left operand come from.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Elements first .. first + count of rows row .. row + rows, as rows of `stride` floats: in
  // place, or put into `scratch` (rows * (count + 16) floats). Called from several threads.
  struct Block {
    const float* data;
    int64_t stride;
  };
  virtual Block block(int64_t row, int64_t rows, int64_t first, int64_t count,
                      float* scratch) const = 0;

 protected:
  RowSource() = default;
  RowSource(const RowSource&) = default;
  RowSource& operator=(const RowSource&) = default;
};

// Rows that lie in memory, `stride` floats apart.
class StoredRows final : public RowSource {
 public:
  StoredRows(const float* data, int64_t stride) : data_(data), stride_(stride) {}
  Block block(int64_t row, int64_t rows, int64_t first, int64_t count,
              float* scratch) const override;

 private:
  const float* data_;
  int64_t stride_;
};

struct ProductOutput {
  const float* bias = nullptr;      // [columns]
  const float* residual = nullptr;  // laid out as `out`, added to it
  float* out = nullptr;             // [rows][stride]
  int64_t stride = 0;
};

// out = a weights^T + bias + residual. For weights in interleaved order, whose columns are C and C
// more, out[r][c] = y[r][c] gelu(y[r][C + c]), without residual.
void multiply(const RowSource& a, int64_t rows, const PackedMatrix& weights,
              const ProductOutput& output);

}  // namespace riffle::nn::kernels
