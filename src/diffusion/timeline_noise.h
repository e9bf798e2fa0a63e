// SPDX-License-Identifier: GPL-3.0-or-later
// Noise over a timeline of any length: a column's noise depends on its seed and its place in time
// alone. Windows that overlap, are rendered one after another or on different machines share the
// noise where they share time, so neighbouring windows agree; time may run below zero, for what is
// added to the left of a piece.
//
// Made by a counter-based generator (Philox4x32-10) with key = seed and counter = (column, place in
// the column, draw), turned normal by Box and Muller. It is another noise than seeded_noise()
// gives: a stream generator cannot start in the middle of time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "diffusion/noise.h"

namespace riffle::diffusion {

class TimelineNoise {
 public:
  // Throws Error{InvalidArgument} for sizes below 1 or columns of more than 2^24 values.
  TimelineNoise(uint64_t seed, int64_t channels, int64_t rows);

  // [channels, rows, count], float32 on the CPU, N(0, 1): columns first to first + count - 1 of the
  // timeline. Draws of different numbers are independent.
  at::Tensor columns(int64_t first, int64_t count, uint32_t draw = 0) const;

 private:
  uint64_t seed_;
  int64_t channels_;
  int64_t rows_;
};

// The samplers' view of it: draw 0, 1, 2... over a window that begins at `first_column`, one seed a
// batch item. next() throws Error{InvalidArgument} unless `like` is [seeds, C, H, W].
class TimelineNoiseSource final : public NoiseSource {
 public:
  TimelineNoiseSource(std::span<const uint64_t> seeds, int64_t first_column);
  at::Tensor next(const at::Tensor& like) override;

 private:
  std::vector<uint64_t> seeds_;
  int64_t first_column_;
  uint32_t draw_ = 0;
};

}  // namespace riffle::diffusion
