// SPDX-License-Identifier: GPL-3.0-or-later
// Exponentials and activations on vectors. Included by one translation unit for each instruction
// set.
#pragma once

namespace riffle::nn::kernels {

// 2^x for x <= 127, relative error 1.5e-7; anything below -126 counts as -126. The polynomial is
// the minimax of degree 5 on [-1/2, 1/2] (Remez exchange, relative error 7.5e-8).
template <class V>
V exp2(V x) {
  x = V::max(x, V::broadcast(-126.0F));
  const V n = V::round(x);
  const V r = x - n;
  V p = V::fma(r, V::broadcast(1.32764678e-3F), V::broadcast(9.675541248e-3F));
  p = V::fma(r, p, V::broadcast(5.550713287e-2F));
  p = V::fma(r, p, V::broadcast(2.402211973e-1F));
  p = V::fma(r, p, V::broadcast(6.931469671e-1F));
  p = V::fma(r, p, V::broadcast(1.000000072F));
  return V::scale_by_power(p, n);
}

template <class V>
V silu(V x) {
  // Bounded, so that the exponential of a very negative x stays finite; silu(x) is 0 to float
  // precision there.
  const V y = V::max(x * V::broadcast(1.44269504F), V::broadcast(-126.0F));
  return x / (V::broadcast(1.0F) + exp2(V::zero() - y));
}

// x Phi(x) with Phi's complement by Abramowitz and Stegun 7.1.26 (absolute error 8e-8).
template <class V>
V gelu(V x) {
  const V z = V::abs(x) * V::broadcast(0.70710678F);
  const V t = V::broadcast(1.0F) / V::fma(z, V::broadcast(0.3275911F), V::broadcast(1.0F));
  V p = V::fma(t, V::broadcast(1.061405429F), V::broadcast(-1.453152027F));
  p = V::fma(t, p, V::broadcast(1.421413741F));
  p = V::fma(t, p, V::broadcast(-0.284496736F));
  p = V::fma(t, p, V::broadcast(0.254829592F));
  const V tail = V::broadcast(0.5F) * p * t * exp2(z * z * V::broadcast(-1.44269504F));
  return x * V::if_negative(x, tail, V::broadcast(1.0F) - tail);
}

}  // namespace riffle::nn::kernels
