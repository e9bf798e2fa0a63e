// SPDX-License-Identifier: GPL-3.0-or-later
// 3x3 convolution by Winograd's minimal filtering (Lavin and Gray 2016): F(m x m, 3 x 3) trades 9
// m^2 multiplications of an m x m piece of output for (m + 2)^2. Inputs and outputs lie channels
// last.
//
// After nearest-neighbour enlargement to twice the size some of a kernel's taps read the same
// pixel: of every second output, along each axis, the second and third, of the others the first and
// second. Each of these four phases is a 2x2 convolution of the picture as it was, F(m x m, 2 x 2).
//
// The transformed weights, (m + 2)^2 / 9 times as many as the weights, are not kept: each block of
// them is made in the cache just before it is used. That costs a few percent of the arithmetic and
// saves three quarters of the memory traffic at the coarse levels, where weights are most of the
// data. Included by one translation unit for each instruction set.
#pragma once

#include <cstdint>

#include "nn/kernels/lanes_impl.h"
#include "nn/kernels/multiply_impl.h"
#include "nn/kernels/table.h"

namespace riffle::nn::kernels {

// Interpolation points 0, 1, -1 and infinity.
struct Winograd2 {
  static constexpr int kOut = 2;
  static constexpr int kTile = 4;

  template <class V>
  static void input(const V (&d)[4], V (&o)[4]) {
    o[0] = d[0] - d[2];
    o[1] = d[1] + d[2];
    o[2] = d[2] - d[1];
    o[3] = d[1] - d[3];
  }
  template <class V>
  static void weight(const V (&g)[3], int /*phase*/, V (&o)[4]) {
    const V half = V::broadcast(0.5F);
    const V even = (g[0] + g[2]) * half;
    const V odd = g[1] * half;
    o[0] = g[0];
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = g[2];
  }
  template <class V>
  static void output(const V (&m)[4], V (&y)[2]) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
  }
};

// Interpolation points 0, 1, -1, 2, -2 and infinity.
struct Winograd4 {
  static constexpr int kOut = 4;
  static constexpr int kTile = 6;

  template <class V>
  static void input(const V (&d)[6], V (&o)[6]) {
    const V minus4 = V::broadcast(-4.0F);
    const V minus5 = V::broadcast(-5.0F);
    const V p = V::fma(minus4, d[2], d[4]);
    const V q = V::fma(minus4, d[1], d[3]);
    const V r = d[4] - d[2];
    const V s = (d[3] - d[1]) * V::broadcast(2.0F);
    o[0] = V::fma(V::broadcast(4.0F), d[0], V::fma(minus5, d[2], d[4]));
    o[1] = p + q;
    o[2] = p - q;
    o[3] = r + s;
    o[4] = r - s;
    o[5] = V::fma(V::broadcast(4.0F), d[1], V::fma(minus5, d[3], d[5]));
  }
  template <class V>
  static void weight(const V (&g)[3], int /*phase*/, V (&o)[6]) {
    const V even = (g[0] + g[2]) * V::broadcast(-1.0F / 6);
    const V odd = g[1] * V::broadcast(-1.0F / 6);
    const V even2 = V::fma(g[2], V::broadcast(1.0F / 6), g[0] * V::broadcast(1.0F / 24));
    const V odd2 = g[1] * V::broadcast(1.0F / 12);
    o[0] = g[0] * V::broadcast(0.25F);
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = even2 + odd2;
    o[4] = even2 - odd2;
    o[5] = g[2];
  }
  template <class V>
  static void output(const V (&m)[6], V (&y)[4]) {
    const V s1 = m[1] + m[2];
    const V d1 = m[1] - m[2];
    const V s2 = m[3] + m[4];
    const V d2 = m[3] - m[4];
    y[0] = m[0] + s1 + s2;
    y[1] = V::fma(V::broadcast(2.0F), d2, d1);
    y[2] = V::fma(V::broadcast(4.0F), s2, s1);
    y[3] = V::fma(V::broadcast(8.0F), d2, d1) + m[5];
  }
};

// The points of the forms with eight: 0, 1, -1, 2, -2, 1/2, -1/2 and infinity. A polynomial's
// values there from its values at 0 and infinity and from its even and odd parts at 1, 2 and 1/2.
template <class V>
void at_eight_points(V zero, const V (&even)[3], const V (&odd)[3], V infinity, V (&o)[8]) {
  o[0] = zero;
  o[1] = even[0] + odd[0];
  o[2] = even[0] - odd[0];
  o[3] = even[1] + odd[1];
  o[4] = even[1] - odd[1];
  o[5] = even[2] + odd[2];
  o[6] = even[2] - odd[2];
  o[7] = infinity;
}

// Outputs from products at those points: sums of the products by powers of the points.
template <class V, int kOut>
void from_eight_points(const V (&m)[8], V (&y)[kOut]) {
  const V s1 = m[1] + m[2];
  const V d1 = m[1] - m[2];
  const V s2 = m[3] + m[4];
  const V d2 = m[3] - m[4];
  const V s3 = m[5] + m[6];
  const V d3 = m[5] - m[6];
  y[0] = (m[0] + s1) + (s2 + s3);
  y[1] = V::fma(V::broadcast(0.5F), d3, V::fma(V::broadcast(2.0F), d2, d1));
  y[2] = V::fma(V::broadcast(0.25F), s3, V::fma(V::broadcast(4.0F), s2, s1));
  y[3] = V::fma(V::broadcast(0.125F), d3, V::fma(V::broadcast(8.0F), d2, d1));
  y[4] = V::fma(V::broadcast(0.0625F), s3, V::fma(V::broadcast(16.0F), s2, s1));
  y[5] = V::fma(V::broadcast(0.03125F), d3, V::fma(V::broadcast(32.0F), d2, d1));
  if constexpr (kOut == 7) {
    y[6] = V::fma(V::broadcast(0.015625F), s3, V::fma(V::broadcast(64.0F), s2, s1));
  }
  y[kOut - 1] = y[kOut - 1] + m[7];
}

// F(6 x 6, 3 x 3).
struct Winograd6 {
  static constexpr int kOut = 6;
  static constexpr int kTile = 8;

  template <class V>
  static void input(const V (&d)[8], V (&o)[8]) {
    const V c = V::broadcast(5.25F);
    o[0] = V::fma(c, d[4] - d[2], d[0] - d[6]);
    o[7] = V::fma(c, d[3] - d[5], d[7] - d[1]);
    const V even1 = V::fma(V::broadcast(-4.25F), d[4], d[2] + d[6]);
    const V odd1 = V::fma(V::broadcast(-4.25F), d[3], d[1] + d[5]);
    o[1] = even1 + odd1;
    o[2] = even1 - odd1;
    const V even2 = V::fma(V::broadcast(0.25F), d[2], V::fma(V::broadcast(-1.25F), d[4], d[6]));
    const V odd2 = V::fma(V::broadcast(0.5F), d[1], V::fma(V::broadcast(-2.5F), d[3], d[5] + d[5]));
    o[3] = even2 + odd2;
    o[4] = even2 - odd2;
    const V even3 = V::fma(V::broadcast(4.0F), d[2], V::fma(V::broadcast(-5.0F), d[4], d[6]));
    const V odd3 = V::fma(V::broadcast(0.5F), d[5], V::fma(V::broadcast(-2.5F), d[3], d[1] + d[1]));
    o[5] = even3 + odd3;
    o[6] = even3 - odd3;
  }
  template <class V>
  static void weight(const V (&g)[3], int /*phase*/, V (&o)[8]) {
    const V even = (g[0] + g[2]) * V::broadcast(-2.0F / 9);
    const V odd = g[1] * V::broadcast(-2.0F / 9);
    const V even2 = V::fma(g[2], V::broadcast(2.0F / 45), g[0] * V::broadcast(1.0F / 90));
    const V odd2 = g[1] * V::broadcast(1.0F / 45);
    const V even3 = V::fma(g[0], V::broadcast(32.0F / 45), g[2] * V::broadcast(8.0F / 45));
    const V odd3 = g[1] * V::broadcast(16.0F / 45);
    at_eight_points(g[0], {even, even2, even3}, {odd, odd2, odd3}, g[2], o);
  }
  template <class V>
  static void output(const V (&m)[8], V (&y)[6]) {
    from_eight_points(m, y);
  }
};

// F(7 x 7, 2 x 2) of one phase of an enlarged picture, with the points of Winograd6: the inputs'
// transform follows from the points alone.
struct Winograd7 {
  static constexpr int kOut = 7;
  static constexpr int kTile = 8;

  template <class V>
  static void input(const V (&d)[8], V (&o)[8]) {
    Winograd6::input(d, o);
  }
  template <class V>
  static void weight(const V (&g)[3], int phase, V (&o)[8]) {
    const V first = phase == 0 ? g[0] : g[0] + g[1];
    const V second = phase == 0 ? g[1] + g[2] : g[2];
    const V even = first * V::broadcast(-2.0F / 9);
    const V odd = second * V::broadcast(-2.0F / 9);
    const V even2 = first * V::broadcast(1.0F / 90);
    const V odd2 = second * V::broadcast(1.0F / 45);
    const V even3 = first * V::broadcast(32.0F / 45);
    const V odd3 = second * V::broadcast(16.0F / 45);
    at_eight_points(first, {even, even2, even3}, {odd, odd2, odd3}, second, o);
  }
  template <class V>
  static void output(const V (&m)[8], V (&y)[7]) {
    from_eight_points(m, y);
  }
};

// One tile's input transform. pixels: where the kTile^2 pixels' channels begin; values: kTile^2
// planes, one vector of channels each. Of the next tile, `ahead` of this one, kTile - kOut columns
// are this one's too; the others are fetched: their rows are too far apart for the processor to
// guess.
template <class W, class V>
void winograd_input(const float* const* pixels, int64_t channels, float* values,
                    int64_t plane_stride, int64_t ahead) {
  constexpr int n = W::kTile;
  for (int64_t c = 0; c < channels; c += V::kWidth) {
    const int lanes = lanes_left<V>(channels, c);
    V half[n][n];
#pragma GCC unroll 8
    for (int x = 0; x < n; ++x) {
      V column[n];
      V done[n];
      for (int y = 0; y < n; ++y) {
        column[y] = load_lanes<V>(pixels[y * n + x] + c, lanes);
        if (x >= n - W::kOut) __builtin_prefetch(pixels[y * n + x] + c + ahead);
      }
      W::input(column, done);
      for (int y = 0; y < n; ++y) half[y][x] = done[y];
    }
#pragma GCC unroll 8
    for (int y = 0; y < n; ++y) {
      V done[n];
      W::input(half[y], done);
      for (int x = 0; x < n; ++x) {
        store_lanes(done[x], values + (y * n + x) * plane_stride + c, lanes);
      }
    }
  }
}

// The transformed weights of row kRow of the tile, for one panel of output channels and a run of
// input channels. packed: [depth][9][panel], floats or halves; out: [kTile][depth][panel].
template <class W, class V, int kRow, class Stored>
void winograd_weights(const Stored* packed, int64_t depth, WinogradPhase phase, float* out) {
  constexpr int n = W::kTile;
  for (int64_t k = 0; k < depth; ++k) {
    for (int half = 0; half < 2; ++half) {
      const Stored* from = packed + k * 9 * kPanel<V> + half * V::kWidth;
      V column[3];
#pragma GCC unroll 3
      for (int x = 0; x < 3; ++x) {
        V g[3];
        for (int y = 0; y < 3; ++y) {
          if constexpr (sizeof(Stored) == 2) {
            g[y] = V::load_half(from + (y * 3 + x) * kPanel<V>);
          } else {
            g[y] = V::load(from + (y * 3 + x) * kPanel<V>);
          }
        }
        V rows[n];
        W::weight(g, phase.y, rows);
        column[x] = rows[kRow];
      }
      V done[n];
      W::weight(column, phase.x, done);
#pragma GCC unroll 8
      for (int x = 0; x < n; ++x) {
        done[x].store(out + (x * depth + k) * kPanel<V> + half * V::kWidth);
      }
    }
  }
}

// Adds a run of input channels to the products of one panel. See WinogradStep for the layouts.
template <class W, class V, class Stored>
void winograd_multiply(const WinogradStep& step, float* scratch) {
  constexpr int n = W::kTile;
  const auto* packed = static_cast<const Stored*>(step.weights);
  const auto row = [&]<int kRow>() {
    winograd_weights<W, V, kRow>(packed, step.depth, step.phase, scratch);
    for (int x = 0; x < n; ++x) {
      const int xi = kRow * n + x;
      multiply_rows<V, Layout::RowsContiguous>(
          step.tiles, step.depth, step.values + xi * step.plane_stride, step.value_stride,
          scratch + x * step.depth * kPanel<V>, step.products + xi * step.product_stride, kPanel<V>,
          step.accumulate);
    }
  };
  row.template operator()<0>();
  row.template operator()<1>();
  row.template operator()<2>();
  row.template operator()<3>();
  if constexpr (n >= 6) {
    row.template operator()<4>();
    row.template operator()<5>();
  }
  if constexpr (n == 8) {
    row.template operator()<6>();
    row.template operator()<7>();
  }
}

// One vector of one tile's output: the transform, then bias and residual, clipped to the picture.
template <class W, class V>
void winograd_output_vector(const WinogradOutput& o, int offset, int lanes) {
  constexpr int n = W::kTile;
  constexpr int m = W::kOut;
  V half[m][n];
  for (int x = 0; x < n; ++x) {
    V column[n];
    V done[m];
    for (int y = 0; y < n; ++y) {
      column[y] = V::load(o.products + (y * n + x) * o.plane_stride + offset);
    }
    W::output(column, done);
    for (int y = 0; y < m; ++y) half[y][x] = done[y];
  }
  const V bias = o.bias == nullptr ? V::zero() : load_lanes<V>(o.bias + offset, lanes);
  for (int y = 0; y < o.height && y < m; ++y) {
    V done[m];
    W::output(half[y], done);
    for (int x = 0; x < o.width && x < m; ++x) {
      const int64_t at = y * o.row_stride + x * o.pixel_stride + offset;
      __builtin_prefetch(o.out + at + o.ahead, 1);
      if (o.residual != nullptr) __builtin_prefetch(o.residual + at + o.ahead);
      V value = done[x] + bias;
      if (o.residual != nullptr) {
        value = value + load_lanes<V>(o.residual + at, lanes);
      }
      store_lanes(value, o.out + at, lanes);
    }
  }
}

template <class W, class V>
void winograd_output(const WinogradOutput& o) {
  for (int offset = 0; offset < o.channels; offset += V::kWidth) {
    winograd_output_vector<W, V>(o, offset, lanes_left<V>(o.channels, offset));
  }
}

template <class W, class V>
constexpr WinogradTable make_winograd_table() {
  return {.out = W::kOut,
          .tile = W::kTile,
          .input = &winograd_input<W, V>,
          .multiply = &winograd_multiply<W, V, float>,
          .multiply_half = &winograd_multiply<W, V, uint16_t>,
          .output = &winograd_output<W, V>};
}

}  // namespace riffle::nn::kernels
