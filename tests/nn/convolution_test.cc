// SPDX-License-Identifier: GPL-3.0-or-later
// Winograd and direct convolution against plain loops: odd sizes, wrapping, enlargement, strides,
// residual.
#include "nn/kernels/convolution.h"

#include "core/parallel.h"
#include "kernel_support.h"

namespace riffle::nn::kernels {
namespace {

struct Shape {
  int64_t batch, channels, columns, height, width;
};

ConvGeometry geometry_of(const Shape& s, bool circular = false) {
  return {{.size = s.height, .enlarged = s.height},
          {.size = s.width, .enlarged = s.width, .circular = circular},
          3,
          1};
}

// x: [batch][height][width][C], w: [K][C][k][k] -> [batch][out_height][out_width][K].
Doubles plain_convolution(const Floats& x, const Floats& w, const ConvGeometry& g, int64_t batch,
                          int64_t channels, int64_t columns) {
  Doubles out;
  const int64_t taps = g.kernel * g.kernel;
  for (int64_t pixel = 0; pixel < batch * g.out_height * g.out_width; ++pixel) {
    const int64_t item = pixel / (g.out_height * g.out_width);
    const int64_t y = pixel / g.out_width % g.out_height * g.stride;
    const int64_t x0 = pixel % g.out_width * g.stride;
    for (int64_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t row = g.rows[static_cast<size_t>(y + tap / g.kernel)];
        const int64_t col = g.columns[static_cast<size_t>(x0 + tap % g.kernel)];
        if (row < 0 || col < 0) continue;
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t at = ((item * g.height + row) * g.width + col) * channels + c;
          sum += double{x[static_cast<size_t>(at)]} *
                 w[static_cast<size_t>((column * channels + c) * taps + tap)];
        }
      }
      out.push_back(sum);
    }
  }
  return out;
}

// [K][C][k][k] -> [K][k][k][C], packed.
PackedMatrix pack_direct(const KernelTable& table, const Floats& w, int64_t columns,
                         int64_t channels, int64_t kernel) {
  Floats turned(w.size());
  const int64_t taps = kernel * kernel;
  for (int64_t i = 0; i < columns * channels * taps; ++i) {
    const int64_t to = (i / (channels * taps) * taps + i % taps) * channels + i / taps % channels;
    turned[static_cast<size_t>(to)] = w[static_cast<size_t>(i)];
  }
  return {table, turned.data(), columns, taps * channels, Storage::Float};
}

class Convolution : public EveryIsa {
 protected:
  // Error of the Winograd convolution with a bias for each item and a residual.
  double winograd_error(const Shape& s, const ConvGeometry& g, Storage storage = Storage::Float) {
    const Floats x = random_floats(s.batch * s.height * s.width * s.channels, 1);
    const Floats w = random_floats(s.columns * s.channels * 9, 2);
    const Floats bias = random_floats(s.batch * s.columns, 3);
    Doubles want = plain_convolution(x, w, g, s.batch, s.channels, s.columns);
    const Floats residual = random_floats(static_cast<int64_t>(want.size()), 4);
    const int64_t each = static_cast<int64_t>(want.size()) / s.batch;
    for (size_t i = 0; i < want.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      want[i] += residual[i] + bias[static_cast<size_t>(at / each * s.columns + at % s.columns)];
    }
    Floats out(want.size());
    const PackedConv3x3 packed(table(), w.data(), s.columns, s.channels, storage);
    winograd_convolution(packed, g,
                         {.x = x.data(),
                          .batch = s.batch,
                          .bias = bias.data(),
                          .bias_stride = s.columns,
                          .residual = residual.data(),
                          .out = out.data()});
    return relative_error(out, want);
  }
};

// F(4x4) multiplies by up to 8 and F(6x6) by up to 32, and both add up numbers of either sign:
// their errors are some 10 times a plain sum's.
TEST_P(Convolution, WinogradMatchesPlainLoops) {
  for (const Shape& s : {Shape{1, 1, 1, 1, 1}, Shape{2, 3, 5, 7, 9}, Shape{1, 33, 34, 4, 4},
                         Shape{2, 40, 17, 8, 8}, Shape{1, 16, 64, 19, 3}, Shape{3, 5, 33, 2, 2},
                         Shape{1, 7, 8, 21, 22}, Shape{1, 330, 40, 5, 6}, Shape{1, 20, 17, 48, 54},
                         Shape{2, 200, 9, 12, 11}, Shape{1, 8, 33, 43, 40}}) {
    EXPECT_LT(winograd_error(s, geometry_of(s)), 3e-5)
        << s.batch << " " << s.channels << " " << s.columns << " " << s.height << "x" << s.width;
  }
}

TEST_P(Convolution, WinogradByTilesMatchesByPanels) {
  // Of F(6x6) and of F(4x4).
  for (const Shape& s : {Shape{2, 20, 40, 30, 34}, Shape{2, 20, 40, 16, 32}}) {
    set_thread_count(1);  // all tiles are one thread's share
    const double by_tiles = winograd_error(s, geometry_of(s));
    set_thread_count(64);  // two tiles each: the threads divide the panels
    const double by_panels = winograd_error(s, geometry_of(s));
    set_thread_count(0);
    EXPECT_LT(by_tiles, 3e-5);
    EXPECT_LT(by_panels, 3e-5);
  }
}

TEST_P(Convolution, WrapsAroundTheWidth) {
  for (const Shape& s : {Shape{1, 4, 6, 8, 12}, Shape{2, 3, 3, 5, 1}, Shape{1, 9, 9, 4, 7},
                         Shape{1, 5, 3, 24, 29}}) {
    EXPECT_LT(winograd_error(s, geometry_of(s, true)), 3e-5);
  }
}

TEST_P(Convolution, EnlargesBeforehand) {
  const Shape s{2, 10, 12, 5, 6};
  const ConvGeometry g({.size = 5, .enlarged = 9}, {.size = 6, .enlarged = 12}, 3, 1);
  EXPECT_EQ(g.out_height, 9);
  EXPECT_EQ(g.rows, (std::vector<int32_t>{-1, 0, 0, 1, 1, 2, 2, 3, 3, 4, -1})) << "9 from 5";
  EXPECT_LT(winograd_error(s, g), 3e-5);
}

// Where F(7x7, 2x2) of the four phases is fewer multiplications, and where it is not (8 by 8). It
// multiplies by up to 64.
TEST_P(Convolution, EnlargesToTwiceTheSizeBeforehand) {
  for (const bool circular : {false, true}) {
    for (const Shape& s :
         {Shape{1, 10, 12, 7, 7}, Shape{2, 33, 40, 13, 20}, Shape{1, 200, 9, 14, 6},
          Shape{1, 5, 7, 8, 8}, Shape{2, 20, 40, 28, 35}}) {
      const ConvGeometry g({.size = s.height, .enlarged = 2 * s.height},
                           {.size = s.width, .enlarged = 2 * s.width, .circular = circular}, 3, 1);
      EXPECT_TRUE(g.doubled);
      for (const int threads : {1, 64}) {  // by tiles, by panels
        set_thread_count(threads);
        EXPECT_LT(winograd_error(s, g), 6e-5) << s.height << "x" << s.width << " " << threads;
      }
      set_thread_count(0);
      EXPECT_LT(winograd_error(s, g, Storage::Half), 1e-3);
    }
  }
}

// Padding of other widths gives phases of other sizes.
TEST_P(Convolution, OtherPaddingIsNotDoubled) {
  const ConvGeometry g({.size = 2, .enlarged = 2, .begin_padding = 2, .end_padding = 2},
                       {.size = 2, .enlarged = 2, .begin_padding = 2, .end_padding = 2}, 3, 1);
  EXPECT_EQ(g.out_height, 2 * g.height);
  EXPECT_FALSE(g.doubled);
  EXPECT_LT(winograd_error({1, 3, 5, 2, 2}, g), 3e-5);
}

TEST_P(Convolution, HalfStorageStaysClose) {
  const Shape s{1, 64, 33, 8, 8};
  EXPECT_LT(winograd_error(s, geometry_of(s), Storage::Half), 1e-3);
}

TEST_P(Convolution, WinogradWeightsUnpack) {
  const Floats w = random_floats(37 * 11 * 9, 2);
  Floats back(w.size());
  PackedConv3x3(table(), w.data(), 37, 11, Storage::Float).unpack(back.data());
  EXPECT_EQ(back, w);
}

TEST_P(Convolution, DirectMatchesPlainLoops) {
  struct Case {
    Shape shape;
    int64_t kernel, stride, begin, end;
    bool circular;
  };
  for (const Case& c : {Case{{2, 5, 7, 9, 8}, 3, 2, 1, 1, false},
                        {{1, 4, 33, 8, 10}, 3, 2, 0, 1, true},
                        {{2, 70, 20, 6, 5}, 1, 1, 0, 0, false},
                        {{1, 3, 4, 12, 11}, 3, 1, 1, 1, false},
                        {{1, 140, 6, 3, 3}, 3, 1, 1, 1, true},
                        {{1, 2, 3, 9, 9}, 5, 3, 2, 2, false}}) {
    const Shape& s = c.shape;
    const ConvGeometry g(
        {.size = s.height, .enlarged = s.height, .begin_padding = c.begin, .end_padding = c.end},
        {.size = s.width,
         .enlarged = s.width,
         .begin_padding = c.begin,
         .end_padding = c.end,
         .circular = c.circular},
        c.kernel, c.stride);
    const Floats x = random_floats(s.batch * s.height * s.width * s.channels, 1);
    const Floats w = random_floats(s.columns * s.channels * c.kernel * c.kernel, 2);
    const Doubles want = plain_convolution(x, w, g, s.batch, s.channels, s.columns);
    Floats out(want.size());
    direct_convolution(pack_direct(table(), w, s.columns, s.channels, c.kernel), g,
                       {.x = x.data(), .batch = s.batch, .out = out.data()});
    EXPECT_LT(relative_error(out, want), 3e-6) << "kernel " << c.kernel << " stride " << c.stride;
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Convolution, testing::ValuesIn(runnable_tables()), isa_name);

}  // namespace
}  // namespace riffle::nn::kernels
