// SPDX-License-Identifier: GPL-3.0-or-later
// A wide picture taken through a network piece by piece along time, so that its width does not
// decide how much memory is needed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace riffle::models {

struct TileOptions {
  int64_t tile = 64;      // columns of a tile
  int64_t overlap = 16;   // columns that neighbours share at least
  bool circular = false;  // the last column is followed by the first
};

// x: [B, C, H, W] in units of `unit` columns (a latent column's worth). `map` takes
// [B, C, H, tile * unit] to some [B, C', H', tile * out_unit]; returns [B, C', H', W / unit *
// out_unit], float32 on x's device. Where tiles overlap their results are blended by raised
// cosines. A picture no wider than a tile is mapped as it is.
//
// What a tile gives is what the network makes of that stretch alone: norms that average over the
// whole picture average over the tile instead. That, not the borders, is what sets the result apart
// from that of the whole picture.
at::Tensor map_tiles(const at::Tensor& x, int64_t unit, int64_t out_unit,
                     const TileOptions& options,
                     const std::function<at::Tensor(const at::Tensor& tile)>& map);

}  // namespace riffle::models
