// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/tiles.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>

#include "golden.h"
#include "models/riff_model.h"

namespace riffle::models {
namespace {

// Two columns to one, as far as every pixel's own columns say.
at::Tensor halve(const at::Tensor& x) {
  return 0.5 * (x.slice(3, 0, x.size(3), 2) + x.slice(3, 1, x.size(3), 2));
}

TEST(Tiles, GiveWhatTheWholeGivesWhereColumnsAreIndependent) {
  for (const bool circular : {false, true}) {
    for (const int64_t columns : {5, 16, 17, 40, 63}) {
      const at::Tensor x = at::randn({2, 3, 4, 2 * columns});
      const TileOptions options{.tile = 16, .overlap = 4, .circular = circular};
      int calls = 0;
      const at::Tensor got = map_tiles(x, 2, 1, options, [&](const at::Tensor& tile) {
        ++calls;
        EXPECT_LE(tile.size(3), 32);
        return halve(tile);
      });
      ASSERT_EQ(got.sizes(), halve(x).sizes()) << columns;
      EXPECT_LT(max_abs(got, halve(x)), 1e-6) << columns;
      EXPECT_EQ(calls > 1, columns > 16) << columns;
    }
  }
}

// Around a circle no place is different from the others.
TEST(Tiles, CircleHasNoFirstColumn) {
  const at::Tensor kernel = at::randn({3, 3, 1, 3});
  const auto blur = [&](const at::Tensor& x) {
    return at::conv2d(x, kernel, {}, at::IntArrayRef{1, 1}, at::IntArrayRef{0, 1});
  };
  const TileOptions options{.tile = 16, .overlap = 4, .circular = true};
  const at::Tensor x = at::randn({1, 3, 2, 48});
  const at::Tensor got = map_tiles(x, 1, 1, options, blur);
  // 48 columns in steps of 12: turning by a step moves every tile onto the next.
  const at::Tensor turned = map_tiles(at::roll(x, {12}, {3}), 1, 1, options, blur);
  EXPECT_LT(max_abs(turned, at::roll(got, {12}, {3})), 1e-5);
}

// Mean change from one column to the next, in columns that are `multiple` apart or in all others.
double flux(const at::Tensor& picture, int64_t multiple, bool at_multiples) {
  double sum = 0;
  int count = 0;
  for (int64_t c = 1; c < picture.size(3); ++c) {
    if ((c % multiple == 0) != at_multiples) continue;
    sum += (picture.narrow(3, c, 1) - picture.narrow(3, c - 1, 1)).abs().mean().item<double>();
    ++count;
  }
  return sum / count;
}

// A tile is normalised by its own statistics and pays attention to itself only, so results differ
// from the whole's: for white noise, in tiles as small as these, by a tenth when decoding and by a
// fifth when encoding. What must not be is an edge where a tile begins or ends: every 16 latent
// columns here, 128 of the picture.
TEST(TiledAutoencoder, WidePicturesHaveNoSeams) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel whole(weights::open_bundle(index.parent_path()), {});
  RiffModel tiled(weights::open_bundle(index.parent_path()), {.low_memory = true});
  for (const bool circular : {false, true}) {
    const at::Tensor z = at::randn({1, 4, 8, 80});
    const DenoiseOptions options{.circular_time = circular};
    const at::Tensor want = whole.autoencoder().decode(z, options);
    const at::Tensor got = tiled.autoencoder().decode(z, options);
    ASSERT_EQ(got.sizes(), want.sizes());
    EXPECT_LT(relative_l2(got, want), 0.15);
    EXPECT_LT(flux(got, 128, true) / flux(got, 128, false),
              1.05 * flux(want, 128, true) / flux(want, 128, false));
    const at::Tensor picture = want.contiguous();
    EXPECT_LT(relative_l2(tiled.autoencoder().encode(picture, {}, options),
                          whole.autoencoder().encode(picture, {}, options)),
              0.3);
  }
}

// What fits into one tile is not cut.
TEST(TiledAutoencoder, NarrowPicturesAreThoseOfTheWhole) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel whole(weights::open_bundle(index.parent_path()), {});
  RiffModel tiled(weights::open_bundle(index.parent_path()), {.low_memory = true});
  const at::Tensor z = at::randn({1, 4, 8, 32});
  const DenoiseOptions circular{.circular_time = true};
  EXPECT_LT(
      relative_l2(tiled.autoencoder().decode(z, circular), whole.autoencoder().decode(z, circular)),
      5e-3);
}

}  // namespace
}  // namespace riffle::models
