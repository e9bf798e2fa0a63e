// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernels/matrix_product.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/table.h"

namespace riffle::nn::kernels {
namespace {

constexpr int64_t kRowBlock = 96;  // a multiple of every table's tile_rows
constexpr int64_t kDepthBlock =
    384;  // a block of rows of this depth stays in the second-level cache
constexpr int64_t kMaxPanelGroup = 16;
constexpr int64_t kPadding = 16;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Panels one task computes: many enough to reuse its rows, few enough to occupy all threads. Even,
// so that the pairs of interleaved panels stay together.
int64_t panel_group(int64_t panels, int64_t row_blocks) {
  const int64_t wanted_tasks = 3 * int64_t{thread_count()};
  const int64_t groups =
      std::max(divide_up(panels, kMaxPanelGroup),
               std::min(divide_up(wanted_tasks, row_blocks), divide_up(panels, 2)));
  return divide_up(divide_up(panels, groups), 2) * 2;
}

class Product {
 public:
  Product(const RowSource& a, const PackedMatrix& weights, const ProductOutput& output)
      : a_(a), weights_(weights), table_(weights.table()), output_(output) {}

  // Rows row .. row + rows of panels first .. last.
  void run(int64_t row, int64_t rows, int64_t first, int64_t last) const {
    const int64_t depth = weights_.depth();
    const int64_t steps = divide_up(depth, kDepthBlock);
    float* products = scratch(Slot::Products, (last - first) * rows * table_.panel);
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t begin = depth * step / steps;
      const int64_t end = depth * (step + 1) / steps;
      const bool finished = step + 1 == steps;
      add_step(row, rows, first, last, begin, end - begin, products, finished);
    }
  }

 private:
  void add_step(int64_t row, int64_t rows, int64_t first, int64_t last, int64_t begin,
                int64_t count, float* products, bool finished) const {
    const RowSource::Block block =
        a_.block(row, rows, begin, count, scratch(Slot::Operand, rows * (count + kPadding)));
    const int64_t width = table_.panel;
    float* wide = scratch(Slot::Weights, count * width);
    for (int64_t p = first; p < last; ++p) {
      float* to = products + (p - first) * rows * width;
      table_.multiply(rows, count, block.data, block.stride, weights_.panel(p, begin, count, wide),
                      to, width, begin > 0);
      if (finished) store(row, rows, p, to);
    }
  }

  void store(int64_t row, int64_t rows, int64_t p, const float* products) const {
    const bool gated = weights_.order() == PackedMatrix::Order::Interleaved;
    if (gated && p % 2 == 0) return;  // waits for its gate, the next panel
    const int64_t column = weights_.panel_begin(gated ? p - 1 : p);
    const int64_t at = row * output_.stride + column;
    PanelOutput panel{.products = products,
                      .rows = rows,
                      .columns = static_cast<int>(weights_.panel_columns(p)),
                      .bias = output_.bias == nullptr ? nullptr : output_.bias + column,
                      .residual = output_.residual == nullptr ? nullptr : output_.residual + at,
                      .out = output_.out + at,
                      .out_stride = output_.stride};
    if (!gated) {
      table_.store_panel(panel);
      return;
    }
    const float* gate_bias =
        output_.bias == nullptr ? nullptr : output_.bias + weights_.panel_begin(p);
    panel.products = products - rows * table_.panel;
    table_.store_gated_panel(panel, products, gate_bias);
  }

  const RowSource& a_;
  const PackedMatrix& weights_;
  const KernelTable& table_;
  const ProductOutput& output_;
};

}  // namespace

RowSource::Block StoredRows::block(int64_t row, int64_t rows, int64_t first, int64_t count,
                                   float* scratch) const {
  const float* from = data_ + row * stride_ + first;
  // Rows a multiple of 2 KB apart share few sets of the cache and push each other out of it.
  if (stride_ % 512 != 0) return {from, stride_};
  const int64_t to_stride = count + kPadding;
  for (int64_t r = 0; r < rows; ++r) {
    std::memcpy(scratch + r * to_stride, from + r * stride_,
                static_cast<size_t>(count) * sizeof(float));
  }
  return {scratch, to_stride};
}

void multiply(const RowSource& a, int64_t rows, const PackedMatrix& weights,
              const ProductOutput& output) {
  const Product product(a, weights, output);
  const int64_t row_blocks = divide_up(rows, kRowBlock);
  const int64_t panels = weights.panels();
  const int64_t group = panel_group(panels, row_blocks);
  const int64_t groups = divide_up(panels, group);
  parallel_for(row_blocks * groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t block = task / groups;
      const int64_t row = rows * block / row_blocks;
      const int64_t first = task % groups * group;
      product.run(row, rows * (block + 1) / row_blocks - row, first,
                  std::min(first + group, panels));
    }
  });
}

}  // namespace riffle::nn::kernels
