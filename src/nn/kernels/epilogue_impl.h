// SPDX-License-Identifier: GPL-3.0-or-later
// What happens to a finished panel of a matrix product on its way out: bias, residual, gating.
// Included by one translation unit for each instruction set.
#pragma once

#include <cstdint>

#include "nn/kernels/lanes_impl.h"
#include "nn/kernels/math_impl.h"
#include "nn/kernels/multiply_impl.h"
#include "nn/kernels/table.h"

namespace riffle::nn::kernels {

template <class V>
void store_panel(const PanelOutput& o) {
  for (int c = 0; c < o.columns; c += V::kWidth) {
    const int lanes = lanes_left<V>(o.columns, c);
    const V bias = o.bias == nullptr ? V::zero() : load_lanes<V>(o.bias + c, lanes);
    for (int64_t r = 0; r < o.rows; ++r) {
      V value = V::load(o.products + r * kPanel<V> + c) + bias;
      const int64_t at = r * o.out_stride + c;
      if (o.residual != nullptr) value = value + load_lanes<V>(o.residual + at, lanes);
      store_lanes(value, o.out + at, lanes);
    }
  }
}

template <class V>
void store_gated_panel(const PanelOutput& o, const float* gate_products, const float* gate_bias) {
  for (int c = 0; c < o.columns; c += V::kWidth) {
    const int lanes = lanes_left<V>(o.columns, c);
    const V bias = o.bias == nullptr ? V::zero() : load_lanes<V>(o.bias + c, lanes);
    const V bias2 = gate_bias == nullptr ? V::zero() : load_lanes<V>(gate_bias + c, lanes);
    for (int64_t r = 0; r < o.rows; ++r) {
      const V value = V::load(o.products + r * kPanel<V> + c) + bias;
      const V gate = V::load(gate_products + r * kPanel<V> + c) + bias2;
      store_lanes(value * gelu(gate), o.out + r * o.out_stride + c, lanes);
    }
  }
}

// Half precision weights of a run of rows of a panel, made floats.
template <class V>
void widen(const uint16_t* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; i += V::kWidth) V::load_half(from + i).store(to + i);
}

template <class V>
void narrow(const float* from, int64_t count, uint16_t* to) {
  for (int64_t i = 0; i < count; i += V::kWidth) V::load(from + i).store_half(to + i);
}

}  // namespace riffle::nn::kernels
