// SPDX-License-Identifier: GPL-3.0-or-later
// Sixteen floats in an AVX-512 register. Included only by the translation unit compiled for
// AVX-512.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace riffle::nn::kernels {

struct VecAvx512 {
  static constexpr int kWidth = 16;
  static constexpr int kTileRows = 12;  // 24 of the 32 registers accumulate in the matrix kernel

  __m512 v;

  static VecAvx512 load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static VecAvx512 broadcast(float x) { return {_mm512_set1_ps(x)}; }
  static VecAvx512 zero() { return {_mm512_setzero_ps()}; }
  // IEEE half precision.
  static VecAvx512 load_half(const uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store_half(uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  // The first n lanes, 0 < n <= kWidth; the others read as zero and are not written.
  static VecAvx512 load_first(const float* p, int n) { return {_mm512_maskz_loadu_ps(mask(n), p)}; }
  void store_first(float* p, int n) const { _mm512_mask_storeu_ps(p, mask(n), v); }

  friend VecAvx512 operator+(VecAvx512 a, VecAvx512 b) { return {_mm512_add_ps(a.v, b.v)}; }
  friend VecAvx512 operator-(VecAvx512 a, VecAvx512 b) { return {_mm512_sub_ps(a.v, b.v)}; }
  friend VecAvx512 operator*(VecAvx512 a, VecAvx512 b) { return {_mm512_mul_ps(a.v, b.v)}; }
  friend VecAvx512 operator/(VecAvx512 a, VecAvx512 b) { return {_mm512_div_ps(a.v, b.v)}; }
  // a b + c
  static VecAvx512 fma(VecAvx512 a, VecAvx512 b, VecAvx512 c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
  }
  static VecAvx512 max(VecAvx512 a, VecAvx512 b) { return {_mm512_max_ps(a.v, b.v)}; }
  static VecAvx512 abs(VecAvx512 a) { return {_mm512_abs_ps(a.v)}; }
  // x < 0 ? a : b
  static VecAvx512 if_negative(VecAvx512 x, VecAvx512 a, VecAvx512 b) {
    return {
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x.v, _mm512_setzero_ps(), _CMP_LT_OQ), b.v, a.v)};
  }
  static bool any_greater(VecAvx512 a, VecAvx512 b) {
    return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ) != 0;
  }
  static float sum(VecAvx512 a) { return _mm512_reduce_add_ps(a.v); }

  static VecAvx512 round(VecAvx512 a) {
    return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  // a 2^n for integral n within -126..127.
  static VecAvx512 scale_by_power(VecAvx512 a, VecAvx512 n) { return {_mm512_scalef_ps(a.v, n.v)}; }

 private:
  static __mmask16 mask(int n) { return static_cast<__mmask16>((1U << n) - 1U); }
};

}  // namespace riffle::nn::kernels
