// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/quantize.h"

#include <algorithm>
#include <cmath>

namespace riffle::audio::detail {

Quantizer::Quantizer(int bits, bool dither) : scale_(std::ldexp(1.0, bits - 1)), dither_(dither) {}

double Quantizer::uniform() {
  // Marsaglia's xorshift64: quick, and more than random enough for noise.
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return std::ldexp(static_cast<double>(state_ >> 11), -53);
}

int32_t Quantizer::operator()(float x) {
  double level = static_cast<double>(x) * scale_;
  if (std::abs(level) > scale_) ++clipped_;
  if (dither_ && level != std::nearbyint(level)) level += uniform() - uniform();
  return static_cast<int32_t>(std::clamp(std::nearbyint(level), -scale_, scale_ - 1.0));
}

}  // namespace riffle::audio::detail
