// SPDX-License-Identifier: GPL-3.0-or-later
// Lines over a pair of axes with numbers, as pixels: enough to see how a run goes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace riffle::train {

// rgb: [height, width, 3], row 0 at the top.
struct Raster {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;

  Raster(int width, int height);  // white
  using Colour = std::array<uint8_t, 3>;
  void set(int x, int y, const Colour& colour);  // outside: nothing
  Colour at(int x, int y) const;
  void line(double x0, double y0, double x1, double y1, const Colour& colour, int thickness = 1);
  // Capital letters, digits and . - + / ( ) : of 3 x 5 squares of `scale` pixels; small letters
  // become capitals, what there is no glyph for is a blank.
  void text(int x, int y, std::string_view text, const Colour& colour, int scale = 2);
};

int text_width(std::string_view text, int scale = 2);

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x rising
};

// 1, 2 or 5 times a power of ten, so that some `most` of them span the range.
double tick_step(double range, int most);

struct ChartOptions {
  int width = 1000;
  int height = 600;
  std::string x_name = "step";
  bool logarithmic = true;  // the vertical axis, where all values are positive
};

// Points that are no numbers are left out. The highest hundredth of the values may lie above the
// frame, so that a wild start does not flatten the rest.
Raster draw_chart(const std::vector<Series>& series, const ChartOptions& options = {});

}  // namespace riffle::train
