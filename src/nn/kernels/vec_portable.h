// SPDX-License-Identifier: GPL-3.0-or-later
// Four floats for any processor, by the compilers' vector extension (SSE2, NEON, ...). The other
// Vec types have the same members.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "nn/kernels/half_float.h"

namespace riffle::nn::kernels {

struct VecPortable {
  static constexpr int kWidth = 4;
  static constexpr int kTileRows = 6;
  using Native = float __attribute__((vector_size(16)));

  Native v;

  static VecPortable load(const float* p) {
    VecPortable r;
    std::memcpy(&r.v, p, sizeof r.v);
    return r;
  }
  static VecPortable broadcast(float x) { return {Native{x, x, x, x}}; }
  static VecPortable zero() { return broadcast(0); }
  static VecPortable load_half(const uint16_t* p) {
    return {
        Native{half_to_float(p[0]), half_to_float(p[1]), half_to_float(p[2]), half_to_float(p[3])}};
  }
  void store(float* p) const { std::memcpy(p, &v, sizeof v); }
  void store_half(uint16_t* p) const {
    for (int i = 0; i < kWidth; ++i) p[i] = float_to_half(v[i]);
  }
  static VecPortable load_first(const float* p, int n) {
    VecPortable r = zero();
    for (int i = 0; i < n; ++i) r.v[i] = p[i];
    return r;
  }
  void store_first(float* p, int n) const {
    for (int i = 0; i < n; ++i) p[i] = v[i];
  }

  friend VecPortable operator+(VecPortable a, VecPortable b) { return {a.v + b.v}; }
  friend VecPortable operator-(VecPortable a, VecPortable b) { return {a.v - b.v}; }
  friend VecPortable operator*(VecPortable a, VecPortable b) { return {a.v * b.v}; }
  friend VecPortable operator/(VecPortable a, VecPortable b) { return {a.v / b.v}; }
  static VecPortable fma(VecPortable a, VecPortable b, VecPortable c) { return {a.v * b.v + c.v}; }
  static VecPortable max(VecPortable a, VecPortable b) { return {a.v > b.v ? a.v : b.v}; }
  static VecPortable abs(VecPortable a) { return {a.v < 0 ? -a.v : a.v}; }
  static VecPortable if_negative(VecPortable x, VecPortable a, VecPortable b) {
    return {x.v < 0 ? a.v : b.v};
  }
  static bool any_greater(VecPortable a, VecPortable b) {
    const auto greater = a.v > b.v;
    return (greater[0] | greater[1] | greater[2] | greater[3]) != 0;
  }
  static float sum(VecPortable a) { return (a.v[0] + a.v[1]) + (a.v[2] + a.v[3]); }

  static VecPortable round(VecPortable a) {
    // Adding and taking away 1.5 * 2^23 leaves the nearest integer, for |a| < 2^22.
    const VecPortable big = broadcast(12582912.0F);
    return (a + big) - big;
  }
  static VecPortable scale_by_power(VecPortable a, VecPortable n) {
    VecPortable r;
    for (int i = 0; i < kWidth; ++i) {
      const auto bits = static_cast<uint32_t>(static_cast<int32_t>(n.v[i]) + 127) << 23;
      float power = 0;
      std::memcpy(&power, &bits, sizeof power);
      r.v[i] = a.v[i] * power;
    }
    return r;
  }
};

}  // namespace riffle::nn::kernels
