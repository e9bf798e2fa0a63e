// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/beat_rows.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numbers>

#include "core/error.h"

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

at::Tensor with_context(const at::Tensor& latents, const at::Tensor& beats) {
  const int64_t batch = latents.size(0);
  const int64_t height = latents.size(2);
  const int64_t columns = latents.size(3);
  if (beats.defined() && (beats.dim() != 3 || beats.size(0) != batch ||
                          beats.size(1) != kBeatRows || beats.size(2) != columns)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("beat rows of shape [{}] for latents of [{}]",
                            fmt::join(beats.sizes(), ", "), fmt::join(latents.sizes(), ", ")));
  }
  const at::Tensor rows = beats.defined()
                              ? beats.to(latents.options())
                              : at::zeros({batch, kBeatRows, columns}, latents.options());
  const at::Tensor place = at::linspace(-1, 1, height, latents.options()).view({1, 1, height, 1});
  return at::cat({latents, rows.unsqueeze(2).expand({-1, -1, height, -1}),
                  place.expand({batch, 1, height, columns})},
                 1);
}

}  // namespace riffle::models
