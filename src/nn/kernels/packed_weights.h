// SPDX-License-Identifier: GPL-3.0-or-later
// Weights rearranged once into the order in which the kernels read them. Packing only permutes (and
// narrows to half precision if asked), so unpacking gives the weights back: nothing has to be kept
// twice.
#pragma once

#include <cstdint>

#include "nn/kernels/buffer.h"

namespace riffle::nn::kernels {

struct KernelTable;

enum class Storage { Float, Half };

// A [columns][depth] matrix (one row an output, as PyTorch keeps it) in panels of table.panel
// columns: [panel][depth][column of the panel], the last panel filled up with zeros.
class PackedMatrix {
 public:
  // Interleaved: panels of the first and of the second half of the columns take turns, for the
  // gated epilogue. `columns` must be even then.
  enum class Order { Plain, Interleaved };

  PackedMatrix() = default;
  PackedMatrix(const KernelTable& table, const float* weights, int64_t columns, int64_t depth,
               Storage storage, Order order = Order::Plain);
  void unpack(float* weights) const;

  bool empty() const { return table_ == nullptr; }
  const KernelTable& table() const { return *table_; }
  int64_t columns() const { return columns_; }
  int64_t depth() const { return depth_; }
  Order order() const { return order_; }
  int64_t panels() const;
  // Output columns in panel p, and the first of them.
  int64_t panel_columns(int64_t p) const;
  int64_t panel_begin(int64_t p) const;

  // Rows first .. first + count of panel p as floats. Half storage is widened into `scratch` (count
  // * table.panel floats, else not touched).
  const float* panel(int64_t p, int64_t first, int64_t count, float* scratch) const;

 private:
  const KernelTable* table_ = nullptr;
  int64_t columns_ = 0;
  int64_t depth_ = 0;
  Storage storage_ = Storage::Float;
  Order order_ = Order::Plain;
  Buffer data_;
};

// The [columns][depth][3][3] weights of a 3x3 convolution as [panel][depth][9][column of the
// panel].
class PackedConv3x3 {
 public:
  PackedConv3x3() = default;
  PackedConv3x3(const KernelTable& table, const float* weights, int64_t columns, int64_t depth,
                Storage storage);
  void unpack(float* weights) const;

  bool empty() const { return table_ == nullptr; }
  const KernelTable& table() const { return *table_; }
  int64_t columns() const { return columns_; }
  int64_t depth() const { return depth_; }
  Storage storage() const { return storage_; }
  int64_t panels() const;
  // Weights of panel p from input channel `first` on.
  const void* panel(int64_t p, int64_t first) const;

 private:
  const KernelTable* table_ = nullptr;
  int64_t columns_ = 0;
  int64_t depth_ = 0;
  Storage storage_ = Storage::Float;
  Buffer data_;
};

}  // namespace riffle::nn::kernels
