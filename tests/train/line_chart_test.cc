// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/line_chart.h"

#include <gtest/gtest.h>

#include <cmath>

namespace riffle::train {
namespace {

constexpr Raster::Colour kRed{255, 0, 0};
constexpr Raster::Colour kWhite{255, 255, 255};

TEST(LineChart, TicksAreRoundNumbers) {
  EXPECT_DOUBLE_EQ(tick_step(10, 10), 1);
  EXPECT_DOUBLE_EQ(tick_step(11, 10), 2);
  EXPECT_DOUBLE_EQ(tick_step(0.4, 10), 0.05);
  EXPECT_DOUBLE_EQ(tick_step(90000, 10), 10000);
}

TEST(LineChart, ALineGoesFromEndToEnd) {
  Raster raster(20, 10);
  raster.line(2, 1, 17, 8, kRed);
  EXPECT_EQ(raster.at(2, 1), kRed);
  EXPECT_EQ(raster.at(17, 8), kRed);
  EXPECT_EQ(raster.at(2, 8), kWhite);
  raster.line(-5, -5, 40, 40, kRed);  // what lies outside is not drawn
}

TEST(LineChart, AGlyphHasItsShape) {
  Raster raster(8, 8);
  raster.text(1, 1, "l", kRed, 1);
  EXPECT_EQ(raster.at(1, 1), kRed);
  EXPECT_EQ(raster.at(2, 1), kWhite);
  EXPECT_EQ(raster.at(3, 5), kRed);
}

TEST(LineChart, AFallingSeriesFalls) {
  Series falling{"loss", {}};
  for (int i = 0; i <= 100; ++i) falling.points.emplace_back(i, 2 * std::exp(-i / 30.0) + 0.1);
  falling.points.emplace_back(50.5, std::nan(""));
  const Raster chart = draw_chart({falling});
  // The height of the coloured pixels in the first and the last fifth.
  const auto mean_row = [&](int from, int to) {
    double sum = 0;
    int count = 0;
    for (int y = 45; y < chart.height - 51; ++y) {
      for (int x = from; x < to; ++x) {
        const auto c = chart.at(x, y);
        if (c[2] > 150 && c[0] < 50) {
          sum += y;
          ++count;
        }
      }
    }
    EXPECT_GT(count, 0);
    return sum / count;
  };
  EXPECT_LT(mean_row(95, 250) + 100, mean_row(800, 970));
}

}  // namespace
}  // namespace riffle::train
