// SPDX-License-Identifier: GPL-3.0-or-later
// Loads and stores that stop short of a whole vector. Included by one translation unit for each
// instruction set.
#pragma once

#include <cstdint>

namespace riffle::nn::kernels {

// Lanes of the vector that begins at `at` of `count` elements.
template <class V>
int lanes_left(int64_t count, int64_t at) {
  return static_cast<int>(count - at < V::kWidth ? count - at : V::kWidth);
}

template <class V>
V load_lanes(const float* p, int lanes) {
  return lanes == V::kWidth ? V::load(p) : V::load_first(p, lanes);
}

template <class V>
void store_lanes(V value, float* p, int lanes) {
  if (lanes == V::kWidth) {
    value.store(p);
  } else {
    value.store_first(p, lanes);
  }
}

}  // namespace riffle::nn::kernels
