// SPDX-License-Identifier: GPL-3.0-or-later
// Waveforms as the levels of a corpus: two rows of bytes, the upper and the lower half of samples
// of 16 bits.
#pragma once

#include <ATen/core/Tensor.h>

namespace riffle::shards {

inline constexpr int kWaveRows = 2;

// mono: float [samples] in -1..1 -> uint8 [2, samples]; beyond that it is clipped.
at::Tensor wave_levels(const at::Tensor& mono);
// And back, float32.
at::Tensor wave_of_levels(const at::Tensor& levels);

}  // namespace riffle::shards
