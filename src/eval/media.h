// SPDX-License-Identifier: GPL-3.0-or-later
// Levels as corpora hold them to what autoencoders take, and back.
#pragma once

#include <ATen/ATen.h>

namespace riffle::eval {

// uint8 [rows, frames] -> float [1, channels, rows, frames] in -1..1, white at 1.
inline at::Tensor media_of_levels(const at::Tensor& levels, int64_t channels) {
  return (levels.to(at::kFloat) / 127.5 - 1)
      .unsqueeze(0)
      .unsqueeze(0)
      .expand({1, channels, -1, -1})
      .contiguous();
}

// float [1, channels, rows, frames] -> uint8 [rows, frames], the mean of the channels.
inline at::Tensor levels_of_media(const at::Tensor& media) {
  return ((media[0].mean(0) + 1) * 127.5).clamp(0, 255).round().to(at::kByte);
}

}  // namespace riffle::eval
