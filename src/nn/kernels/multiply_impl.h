// SPDX-License-Identifier: GPL-3.0-or-later
// The matrix kernel everything else is built on: a few rows times one panel of packed columns, kept
// in registers. Included by one translation unit for each instruction set; V is its Vec type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace riffle::nn::kernels {

// Columns of a panel: two vectors, so that each broadcast element of A serves two multiplications.
template <class V>
constexpr int kPanel = 2 * V::kWidth;

// Where A(row, k) lies: at stride * row + k (rows contiguous) or at stride * k + row (columns
// contiguous).
enum class Layout { RowsContiguous, ColumnsContiguous };

// C[r][0 .. panel) (+)= sum over k of A(r, k) B[k][0 .. panel), for kRows rows. B: [depth][panel].
template <class V, int kRows, Layout kLayout>
void multiply_tile(int64_t depth, const float* a, int64_t stride, const float* b, float* c,
                   int64_t c_stride, bool accumulate) {
  V sum[kRows][2];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    sum[r][0] = accumulate ? V::load(c + r * c_stride) : V::zero();
    sum[r][1] = accumulate ? V::load(c + r * c_stride + V::kWidth) : V::zero();
  }
  for (int64_t k = 0; k < depth; ++k) {
    const V b0 = V::load(b + k * kPanel<V>);
    const V b1 = V::load(b + k * kPanel<V> + V::kWidth);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const float* element =
          kLayout == Layout::RowsContiguous ? a + r * stride + k : a + k * stride + r;
      const V x = V::broadcast(*element);
      sum[r][0] = V::fma(x, b0, sum[r][0]);
      sum[r][1] = V::fma(x, b1, sum[r][1]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    sum[r][0].store(c + r * c_stride);
    sum[r][1].store(c + r * c_stride + V::kWidth);
  }
}

using TileFunction = void (*)(int64_t, const float*, int64_t, const float*, float*, int64_t, bool);

template <class V, Layout kLayout, int... kIndex>
constexpr std::array<TileFunction, sizeof...(kIndex)> tile_functions(
    std::integer_sequence<int, kIndex...> /*counts*/) {
  return {&multiply_tile<V, kIndex + 1, kLayout>...};
}

// The same for any number of rows, split as evenly as the registers allow (8 = 4 + 4, not 6 + 2).
template <class V, Layout kLayout>
void multiply_rows(int64_t rows, int64_t depth, const float* a, int64_t stride, const float* b,
                   float* c, int64_t c_stride, bool accumulate) {
  static constexpr auto kTiles =
      tile_functions<V, kLayout>(std::make_integer_sequence<int, V::kTileRows>());
  const int64_t groups = (rows + V::kTileRows - 1) / V::kTileRows;
  const int64_t row_step = kLayout == Layout::RowsContiguous ? stride : 1;
  int64_t row = 0;
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t end = rows * (group + 1) / groups;
    kTiles[static_cast<std::size_t>(end - row - 1)](depth, a + row * row_step, stride, b,
                                                    c + row * c_stride, c_stride, accumulate);
    row = end;
  }
}

}  // namespace riffle::nn::kernels
