// SPDX-License-Identifier: GPL-3.0-or-later
// Blur: how steep pictures of sound are. Blurred ones (a weak autoencoder, too few steps) have
// smaller differences between neighbouring levels than real ones, noisy ones larger.
#pragma once

#include <ATen/core/Tensor.h>

namespace riffle::eval {

struct Steepness {
  double time = 0;       // mean |level(t + 1) - level(t)|, in levels of 0..1
  double frequency = 0;  // mean |level(row + 1) - level(row)|
};

// levels: [..., rows, frames], uint8 (of 255) or floating point (0..1).
Steepness steepness(const at::Tensor& levels);

// Of generated over real: 1 is right. 0 where the real ones are flat.
Steepness relative_steepness(const Steepness& generated, const Steepness& real);

}  // namespace riffle::eval
