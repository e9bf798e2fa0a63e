// SPDX-License-Identifier: GPL-3.0-or-later
// Denormal numbers off for a scope: near silence they make vector arithmetic ten times slower and
// mean nothing in sound.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace riffle::audio {

class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040); }  // FTZ and DAZ
  ~FlushDenormals() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#else
  FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace riffle::audio
