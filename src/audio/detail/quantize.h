// SPDX-License-Identifier: GPL-3.0-or-later
// From float samples to integers of 16 or 24 bits.
#pragma once

#include <cstdint>

namespace riffle::audio::detail {

// Rounds to nearest and saturates. With dither, noise of triangular distribution (two quantisation
// steps wide, always the same sequence) is added before rounding, so that what rounding takes away
// is noise and not distortion (Lipshitz, Wannamaker and Vanderkooy, "Quantization and Dither", J.
// AES 40, 1992). A sample that is already exact at this depth stays as it is: sound that came from
// 16 bits goes back to the same 16 bits, and silence stays silent.
class Quantizer {
 public:
  Quantizer(int bits, bool dither);

  // x: full scale -1..1. Returns -2^(bits-1)..2^(bits-1)-1.
  int32_t operator()(float x);
  // Samples so far whose magnitude was above 1, which integers cannot hold.
  int64_t clipped() const { return clipped_; }

 private:
  double uniform();  // 0..1

  double scale_;
  bool dither_;
  int64_t clipped_ = 0;
  uint64_t state_ = 0x9E3779B97F4A7C15U;
};

}  // namespace riffle::audio::detail
