// SPDX-License-Identifier: GPL-3.0-or-later
// Where beats and bars lie, as rows a denoiser sees beside its latents: music stays on the beat
// across windows because each is told the phase it begins in.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace riffle::models {

struct BeatGrid {
  double columns_per_beat = 0;  // of latents; 0: no tempo is known
  int64_t beats_per_bar = 4;
  double first_beat = 0;  // the column (as a place, not an index) where a bar begins
};

// sin and cos of the phase within the beat, sin and cos of that within the bar, and 1 where a tempo
// is known; all 0 where none is.
inline constexpr int64_t kBeatRows = 5;

// Of so many columns, the first being number first_column of the piece; phases are those of the
// columns' middles. [1, kBeatRows, columns], float32.
at::Tensor beat_rows(const BeatGrid& grid, int64_t first_column, int64_t columns);

}  // namespace riffle::models
