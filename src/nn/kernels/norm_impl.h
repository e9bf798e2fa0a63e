// SPDX-License-Identifier: GPL-3.0-or-later
// Sums for normalisation, and the affine map with or without SiLU that applies it, over pixels with
// contiguous channels. Included by one translation unit for each instruction set.
#pragma once

#include <cstdint>

#include "nn/kernels/lanes_impl.h"
#include "nn/kernels/math_impl.h"

namespace riffle::nn::kernels {

// Adds each channel's sum and sum of squares over `pixels` pixels to sums[channels] and
// squares[channels]. Few enough pixels a call keep float sums exact enough; the caller adds the
// calls up in double.
template <class V>
void channel_sums(const float* x, int64_t pixels, int64_t channels, float* sums, float* squares) {
  for (int64_t c = 0; c < channels; c += V::kWidth) {
    const int lanes = lanes_left<V>(channels, c);
    V sum = V::zero();
    V square = V::zero();
    for (int64_t p = 0; p < pixels; ++p) {
      const V value = load_lanes<V>(x + p * channels + c, lanes);
      sum = sum + value;
      square = V::fma(value, value, square);
    }
    store_lanes(load_lanes<V>(sums + c, lanes) + sum, sums + c, lanes);
    store_lanes(load_lanes<V>(squares + c, lanes) + square, squares + c, lanes);
  }
}

// out = scale x + shift for each channel, through SiLU if asked.
template <class V, bool kSilu>
void scale_channels(const float* x, int64_t pixels, int64_t channels, const float* scale,
                    const float* shift, float* out) {
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t c = 0; c < channels; c += V::kWidth) {
      const int lanes = lanes_left<V>(channels, c);
      const int64_t at = p * channels + c;
      const V y = V::fma(load_lanes<V>(x + at, lanes), load_lanes<V>(scale + c, lanes),
                         load_lanes<V>(shift + c, lanes));
      store_lanes(kSilu ? silu(y) : y, out + at, lanes);
    }
  }
}

// Layer norm of rows of contiguous features; out may not be x.
template <class V>
void layer_norm(const float* x, int64_t rows, int64_t features, const float* weight,
                const float* bias, float epsilon, float* out) {
  const float share = 1.0F / static_cast<float>(features);
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = x + r * features;
    float* to = out + r * features;
    V sum = V::zero();
    for (int64_t c = 0; c < features; c += V::kWidth) {
      sum = sum + load_lanes<V>(from + c, lanes_left<V>(features, c));
    }
    const V mean = V::broadcast(V::sum(sum) * share);
    V square = V::zero();
    for (int64_t c = 0; c < features; c += V::kWidth) {
      const int lanes = lanes_left<V>(features, c);
      const V d = load_lanes<V>(from + c, lanes) - mean;
      store_lanes(d, to + c, lanes);
      const V counted = load_lanes<V>(to + c, lanes);  // lanes beyond the row count as zero
      square = V::fma(counted, counted, square);
    }
    const V inverse = V::broadcast(1.0F / __builtin_sqrtf(V::sum(square) * share + epsilon));
    for (int64_t c = 0; c < features; c += V::kWidth) {
      const int lanes = lanes_left<V>(features, c);
      const V y = load_lanes<V>(to + c, lanes) * inverse;
      store_lanes(V::fma(y, load_lanes<V>(weight + c, lanes), load_lanes<V>(bias + c, lanes)),
                  to + c, lanes);
    }
  }
}

}  // namespace riffle::nn::kernels
