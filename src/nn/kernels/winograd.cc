// SPDX-License-Identifier: GPL-3.0-or-later
// Blocking and threads of the Winograd convolution; its arithmetic is in winograd_impl.h.
#include <algorithm>
#include <vector>

#include "core/parallel.h"
#include "nn/kernels/convolution.h"
#include "nn/kernels/table.h"

namespace riffle::nn::kernels {
namespace {

// What one thread takes at once. The weights are transformed anew for each block of tiles, which
// asks for large ones; the transformed inputs are read once for each panel, which asks for as many
// as stay in the caches. Sizes as measured on Zen 4, AVX2 and AVX-512.
struct Block {
  int64_t tiles;
  int64_t depth;  // input channels
};
constexpr Block kBlock{.tiles = 64, .depth = 320};
constexpr Block kBlockOf64Planes{.tiles = 48, .depth = 192};
constexpr int64_t kMinTileBlock =
    24;  // fewer a thread: all threads share the tiles and divide the output channels
constexpr int64_t kTilesAhead = 2;  // whose place in the result is fetched while one is stored
constexpr int kMaxTilePixels = 64;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A form, and how many of the result's phases along each axis it makes at a time apart: one for
// forms that make all of it.
struct Choice {
  const WinogradTable* form = nullptr;
  int64_t phases = 1;
};

// The form that needs the fewest multiplications: sides that are no multiples of its output waste
// some. Of two with as many the smaller one, whose transforms are cheaper.
Choice choose(const KernelTable& table, const ConvGeometry& g) {
  Choice best;
  int64_t least = 0;
  const auto consider = [&](const WinogradTable& form, int64_t phases) {
    const int64_t tiles = divide_up(g.out_height / phases, form.out) *
                          divide_up(g.out_width / phases, form.out) * phases * phases;
    const int64_t products = tiles * form.tile * form.tile;
    if (best.form != nullptr && products >= least) return;
    best = {.form = &form, .phases = phases};
    least = products;
  };
  for (const WinogradTable* form : {&table.winograd2, &table.winograd4, &table.winograd6}) {
    consider(*form, 1);
  }
  if (g.doubled) consider(table.winograd7, 2);
  return best;
}

// The source rows or columns of an axis before it was doubled, padded by one, from those after.
std::vector<int32_t> halved(const std::vector<int32_t>& doubled) {
  std::vector<int32_t> map{doubled.front()};
  for (size_t i = 1; i < doubled.size(); i += 2) map.push_back(doubled[i]);
  return map;
}

class Convolution {
 public:
  Convolution(const PackedConv3x3& weights, const ConvGeometry& geometry, const ConvCall& call,
              const Choice& choice, WinogradPhase phase)
      : weights_(weights),
        geometry_(geometry),
        call_(call),
        table_(weights.table()),
        form_(*choice.form),
        phases_(choice.phases),
        phase_(phase),
        rows_(phases_ == 1 ? geometry.rows : halved(geometry.rows)),
        columns_(phases_ == 1 ? geometry.columns : halved(geometry.columns)),
        height_(geometry.out_height / phases_),
        width_(geometry.out_width / phases_),
        block_(form_.tile == 8 ? kBlockOf64Planes : kBlock),
        planes_(int64_t{form_.tile} * form_.tile),
        tiles_down_(divide_up(height_, form_.out)),
        tiles_across_(divide_up(width_, form_.out)),
        tiles_(call.batch * tiles_down_ * tiles_across_),
        zeros_(static_cast<size_t>(weights.depth()), 0.0F) {}

  void run() const {
    const int64_t share = divide_up(tiles_, thread_count());
    if (share >= kMinTileBlock) {
      run_by_tiles(divide_up(share, divide_up(share, block_.tiles)));
    } else {
      run_by_panels();
    }
  }

 private:
  // Transformed inputs of some tiles and channels: planes of [tiles][stride].
  struct Values {
    float* data;
    int64_t stride;
    int64_t plane;
    int64_t floats(int64_t planes) const { return planes * plane; }
  };

  static Values layout(int64_t tiles, int64_t channels) {
    // Rows must not lie a multiple of 1 KB apart, nor planes, or they push each other out of the
    // cache.
    const int64_t stride = channels % 256 == 0 ? channels + 16 : channels;
    return {.data = nullptr, .stride = stride, .plane = divide_up(tiles * stride, 16) * 16 + 80};
  }

  // Floats between the planes of one panel's products: for the same reason a cache line more than
  // they fill, since blocks of 64 tiles would put all planes into one set of the cache.
  int64_t product_plane(int64_t tiles) const { return tiles * table_.panel + 16; }

  // Each thread takes blocks of tiles through the whole convolution; no thread waits for another.
  void run_by_tiles(int64_t block) const {
    parallel_for(tiles_, block, [&](int64_t begin, int64_t end) { run_block(begin, end - begin); });
  }

  void run_block(int64_t tile, int64_t count) const {
    const int64_t depth = weights_.depth();
    const int64_t steps = divide_up(depth, block_.depth);
    const int64_t panels = weights_.panels();
    const int64_t panel_floats = planes_ * product_plane(count);
    Values values = layout(count, divide_up(depth, steps));
    values.data = scratch(Slot::Operand, values.floats(planes_));
    float* products = scratch(Slot::Products, panels * panel_floats);
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t channel = depth * step / steps;
      const int64_t channels = depth * (step + 1) / steps - channel;
      for (int64_t t = 0; t < count; ++t) {
        transform_input(tile + t, channel, channels, values.data + t * values.stride, values.plane);
      }
      for (int64_t p = 0; p < panels; ++p) {
        float* panel_products = products + p * panel_floats;
        add_products(values, p, channel, channels, count, panel_products, channel > 0);
        if (step + 1 == steps) store_panel(tile, count, p, panel_products);
      }
    }
  }

  // Few tiles: the inputs are transformed once for all, and each thread takes panels of output
  // channels.
  void run_by_panels() const {
    const int64_t depth = weights_.depth();
    Values values = layout(tiles_, depth);
    values.data = scratch(Slot::Shared, values.floats(planes_));
    const int64_t steps = divide_up(depth, block_.depth);
    parallel_for(tiles_ * steps, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t t = task / steps;
        const int64_t channel = depth * (task % steps) / steps;
        const int64_t channels = depth * (task % steps + 1) / steps - channel;
        transform_input(t, channel, channels, values.data + t * values.stride + channel,
                        values.plane);
      }
    });
    parallel_for(weights_.panels(), 1, [&](int64_t begin, int64_t end) {
      float* products = scratch(Slot::Products, planes_ * product_plane(tiles_));
      for (int64_t p = begin; p < end; ++p) {
        for (int64_t step = 0; step < steps; ++step) {
          const int64_t channel = depth * step / steps;
          Values part = values;
          part.data += channel;
          add_products(part, p, channel, depth * (step + 1) / steps - channel, tiles_, products,
                       channel > 0);
        }
        store_panel(0, tiles_, p, products);
      }
    });
  }

  void transform_input(int64_t tile, int64_t channel, int64_t channels, float* to,
                       int64_t plane) const {
    const ConvGeometry& g = geometry_;
    const int64_t depth = weights_.depth();
    const int64_t item = tile / (tiles_down_ * tiles_across_);
    const int64_t y = tile / tiles_across_ % tiles_down_ * form_.out;
    const int64_t x = tile % tiles_across_ * form_.out;
    const float* picture = call_.x + item * g.height * g.width * depth + channel;
    const float* pixels[kMaxTilePixels];
    for (int64_t i = 0; i < form_.tile; ++i) {
      const int64_t row = source(rows_, y + phase_.y + i);
      for (int64_t j = 0; j < form_.tile; ++j) {
        const int64_t column = source(columns_, x + phase_.x + j);
        pixels[i * form_.tile + j] =
            row < 0 || column < 0 ? zeros_.data() : picture + (row * g.width + column) * depth;
      }
    }
    form_.input(pixels, channels, to, plane, form_.out * depth);
  }

  // Beyond the padded picture, where a tile sticks out of the result, anything would do.
  static int64_t source(const std::vector<int32_t>& map, int64_t i) {
    return i < static_cast<int64_t>(map.size()) ? map[static_cast<size_t>(i)] : -1;
  }

  void add_products(const Values& values, int64_t p, int64_t channel, int64_t channels,
                    int64_t tiles, float* products, bool accumulate) const {
    const WinogradStep step{.weights = weights_.panel(p, channel),
                            .depth = channels,
                            .phase = phase_,
                            .values = values.data,
                            .plane_stride = values.plane,
                            .value_stride = values.stride,
                            .tiles = tiles,
                            .products = products,
                            .product_stride = product_plane(tiles),
                            .accumulate = accumulate};
    float* made = scratch(Slot::Weights, form_.tile * channels * table_.panel);
    const bool half = weights_.storage() == Storage::Half;
    (half ? form_.multiply_half : form_.multiply)(step, made);
  }

  void store_panel(int64_t tile, int64_t count, int64_t p, const float* products) const {
    const ConvGeometry& g = geometry_;
    const int64_t all = weights_.columns();
    const int64_t column = p * table_.panel;
    for (int64_t t = 0; t < count; ++t) {
      const int64_t item = (tile + t) / (tiles_down_ * tiles_across_);
      const int64_t y = (tile + t) / tiles_across_ % tiles_down_ * form_.out;
      const int64_t x = (tile + t) % tiles_across_ * form_.out;
      const int64_t at =
          ((item * g.out_height + y * phases_ + phase_.y) * g.out_width + x * phases_ + phase_.x) *
              all +
          column;
      const float* bias = call_.bias;
      form_.output({.products = products + t * table_.panel,
                    .plane_stride = product_plane(count),
                    .bias = bias == nullptr ? nullptr : bias + item * call_.bias_stride + column,
                    .residual = call_.residual == nullptr ? nullptr : call_.residual + at,
                    .out = call_.out + at,
                    .row_stride = phases_ * g.out_width * all,
                    .pixel_stride = phases_ * all,
                    .ahead = kTilesAhead * form_.out * phases_ * all,
                    .height = height_ - y,
                    .width = width_ - x,
                    .channels = static_cast<int>(std::min<int64_t>(table_.panel, all - column))});
    }
  }

  const PackedConv3x3& weights_;
  const ConvGeometry& geometry_;
  const ConvCall& call_;
  const KernelTable& table_;
  const WinogradTable& form_;
  int64_t phases_;
  WinogradPhase phase_;
  std::vector<int32_t> rows_;  // as in ConvGeometry, of the picture that this phase reads
  std::vector<int32_t> columns_;
  int64_t height_;  // of this phase of the result
  int64_t width_;
  Block block_;
  int64_t planes_;
  int64_t tiles_down_;
  int64_t tiles_across_;
  int64_t tiles_;
  std::vector<float> zeros_;
};

}  // namespace

void winograd_convolution(const PackedConv3x3& weights, const ConvGeometry& geometry,
                          const ConvCall& call) {
  const Choice choice = choose(weights.table(), geometry);
  for (int y = 0; y < choice.phases; ++y) {
    for (int x = 0; x < choice.phases; ++x) {
      Convolution(weights, geometry, call, choice, {.y = y, .x = x}).run();
    }
  }
}

}  // namespace riffle::nn::kernels
