// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/beat_rows.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <numbers>

namespace riffle::models {

at::Tensor beat_rows(const BeatGrid& grid, int64_t first_column, int64_t columns) {
  if (!(grid.columns_per_beat > 0)) return at::zeros({1, kBeatRows, columns});
  const double beats_per_bar = static_cast<double>(grid.beats_per_bar);
  const at::Tensor places =
      at::arange(columns, at::kDouble) + (static_cast<double>(first_column) + 0.5);
  const at::Tensor beats = (places - grid.first_beat) / grid.columns_per_beat;
  const at::Tensor beat = beats * (2 * std::numbers::pi);
  const at::Tensor bar = beat / beats_per_bar;
  return at::stack({beat.sin(), beat.cos(), bar.sin(), bar.cos(), at::ones_like(beat)})
      .to(at::kFloat)
      .unsqueeze(0);
}

}  // namespace riffle::models
