// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/tiles.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace riffle::models {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Weights of the columns of a tile: raised cosines at both ends, never zero. The first and the last
// tile of a picture that is no circle need no other end: they are alone there, and weights are
// divided by their sum.
at::Tensor weights_of(int64_t columns, int64_t ramp) {
  const at::Tensor position = at::arange(columns, at::kFloat) + 0.5;
  const at::Tensor from_edge = at::minimum(position, static_cast<double>(columns) - position);
  const at::Tensor rise = (from_edge / static_cast<double>(std::max<int64_t>(1, ramp))).clamp(0, 1);
  return 0.5 - 0.5 * (rise * kPi).cos();
}

}  // namespace

at::Tensor map_tiles(const at::Tensor& x, int64_t unit, int64_t out_unit,
                     const TileOptions& options,
                     const std::function<at::Tensor(const at::Tensor& tile)>& map) {
  const int64_t columns = x.size(3) / unit;
  if (columns <= options.tile) return map(x);
  // Tiles as evenly spaced as whole columns allow.
  const int64_t span = options.circular ? columns : columns - options.tile;
  const int64_t step = options.tile - options.overlap;
  const int64_t steps = (span + step - 1) / step;
  const int64_t tiles = options.circular ? steps : steps + 1;
  const at::Tensor weights =
      weights_of(options.tile * out_unit, options.overlap * out_unit).to(x.device());
  const at::Tensor total = at::zeros({columns * out_unit}, weights.options());
  at::Tensor sum;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t start = span * i / steps;
    const auto columns_of = [&](int64_t size) {
      return at::arange(start * size, (start + options.tile) * size,
                        weights.options().dtype(at::kLong))
          .remainder(columns * size);
    };
    const at::Tensor mapped = map(x.index_select(3, columns_of(unit))).to(at::kFloat) * weights;
    if (!sum.defined()) {
      sum = at::zeros({mapped.size(0), mapped.size(1), mapped.size(2), columns * out_unit},
                      mapped.options());
    }
    const at::Tensor to = columns_of(out_unit);
    sum.index_add_(3, to, mapped);
    total.index_add_(0, to, weights);
  }
  return sum / total;
}

}  // namespace riffle::models
