// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

namespace riffle::train {
namespace {

constexpr Raster::Colour kInk{40, 40, 40};
constexpr Raster::Colour kGrid{225, 225, 225};
// Told apart by people who do not see all colours.
constexpr std::array<Raster::Colour, 8> kColours{{{0, 90, 181},
                                                  {213, 94, 0},
                                                  {0, 140, 100},
                                                  {190, 60, 140},
                                                  {120, 90, 20},
                                                  {80, 170, 220},
                                                  {110, 110, 110},
                                                  {220, 160, 0}}};
constexpr int kGlyphWidth = 3;
constexpr int kGlyphHeight = 5;

// Rows from the top, the leftmost square the highest of three bits.
const std::map<char, std::array<uint8_t, kGlyphHeight>>& glyphs() {
  static const std::map<char, std::array<uint8_t, kGlyphHeight>> kGlyphs{
      {'0', {7, 5, 5, 5, 7}}, {'1', {2, 6, 2, 2, 7}}, {'2', {7, 1, 7, 4, 7}},
      {'3', {7, 1, 7, 1, 7}}, {'4', {5, 5, 7, 1, 1}}, {'5', {7, 4, 7, 1, 7}},
      {'6', {7, 4, 7, 5, 7}}, {'7', {7, 1, 1, 2, 2}}, {'8', {7, 5, 7, 5, 7}},
      {'9', {7, 5, 7, 1, 7}}, {'.', {0, 0, 0, 0, 2}}, {'-', {0, 0, 7, 0, 0}},
      {'+', {0, 2, 7, 2, 0}}, {'/', {1, 1, 2, 4, 4}}, {'(', {1, 2, 2, 2, 1}},
      {')', {4, 2, 2, 2, 4}}, {':', {0, 2, 0, 2, 0}}, {'A', {2, 5, 7, 5, 5}},
      {'B', {6, 5, 6, 5, 6}}, {'C', {3, 4, 4, 4, 3}}, {'D', {6, 5, 5, 5, 6}},
      {'E', {7, 4, 6, 4, 7}}, {'F', {7, 4, 6, 4, 4}}, {'G', {3, 4, 5, 5, 3}},
      {'H', {5, 5, 7, 5, 5}}, {'I', {7, 2, 2, 2, 7}}, {'J', {1, 1, 1, 5, 2}},
      {'K', {5, 5, 6, 5, 5}}, {'L', {4, 4, 4, 4, 7}}, {'M', {5, 7, 7, 5, 5}},
      {'N', {6, 5, 5, 5, 5}}, {'O', {2, 5, 5, 5, 2}}, {'P', {6, 5, 6, 4, 4}},
      {'Q', {2, 5, 5, 6, 3}}, {'R', {6, 5, 6, 5, 5}}, {'S', {3, 4, 2, 1, 6}},
      {'T', {7, 2, 2, 2, 2}}, {'U', {5, 5, 5, 5, 7}}, {'V', {5, 5, 5, 5, 2}},
      {'W', {5, 5, 7, 7, 5}}, {'X', {5, 5, 2, 5, 5}}, {'Y', {5, 5, 2, 2, 2}},
      {'Z', {7, 1, 2, 4, 7}}};
  return kGlyphs;
}

// Where values go on the picture.
struct Frame {
  int left = 90;
  int right = 20;
  int top = 50;
  int bottom = 50;
  double x_low = 0;
  double x_high = 1;
  double y_low = 0;
  double y_high = 1;
  bool logarithmic = false;

  double height_of(double value) const {
    const auto f = [&](double v) { return logarithmic ? std::log(v) : v; };
    return (f(value) - f(y_low)) / (f(y_high) - f(y_low));
  }
  double x(const Raster& raster, double value) const {
    return left + (value - x_low) / (x_high - x_low) * (raster.width - left - right);
  }
  double y(const Raster& raster, double value) const {
    const double height = std::clamp(height_of(value), -0.02, 1.02);
    return raster.height - bottom - height * (raster.height - top - bottom);
  }
};

Frame frame_of(const std::vector<Series>& series, bool logarithmic) {
  std::vector<double> values;
  Frame frame;
  frame.x_low = 1e300;
  frame.x_high = -1e300;
  for (const Series& one : series) {
    for (const auto& [x, y] : one.points) {
      if (!std::isfinite(y)) continue;
      values.push_back(y);
      frame.x_low = std::min(frame.x_low, x);
      frame.x_high = std::max(frame.x_high, x);
    }
  }
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  frame.y_low = values.front();
  frame.y_high = values[values.size() - 1 - values.size() / 100];
  frame.logarithmic = logarithmic && values.front() > 0;
  if (frame.x_high <= frame.x_low) frame.x_high = frame.x_low + 1;
  if (frame.y_high <= frame.y_low) frame.y_high = frame.y_low + std::abs(frame.y_low) * 0.1 + 1e-9;
  return frame;
}

std::vector<double> ticks(double low, double high, int most) {
  std::vector<double> all;
  const double step = tick_step(high - low, most);
  for (double i = std::ceil(low / step); i * step <= high; ++i) all.push_back(i * step);
  return all;
}

void draw_axes(Raster& raster, const Frame& frame, const std::string& x_name) {
  const int bottom = raster.height - frame.bottom;
  for (const double value : ticks(frame.y_low, frame.y_high, 8)) {
    const double y = frame.y(raster, value);
    raster.line(frame.left, y, raster.width - frame.right, y, kGrid);
    const std::string label = fmt::format("{:.4g}", value);
    raster.text(frame.left - 8 - text_width(label), static_cast<int>(y) - kGlyphHeight, label,
                kInk);
  }
  for (const double value : ticks(frame.x_low, frame.x_high, 10)) {
    const double x = frame.x(raster, value);
    raster.line(x, frame.top, x, bottom, kGrid);
    const std::string label = fmt::format("{:.6g}", value);
    raster.text(static_cast<int>(x) - text_width(label) / 2, bottom + 8, label, kInk);
  }
  raster.line(frame.left, frame.top, frame.left, bottom, kInk);
  raster.line(frame.left, bottom, raster.width - frame.right, bottom, kInk);
  raster.text(raster.width - frame.right - text_width(x_name), raster.height - 18, x_name, kInk);
}

}  // namespace

Raster::Raster(int width_in, int height_in)
    : width(width_in),
      height(height_in),
      rgb(static_cast<size_t>(width_in) * static_cast<size_t>(height_in) * 3, 255) {}

void Raster::set(int x, int y, const Colour& colour) {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const size_t at =
      (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
  std::copy(colour.begin(), colour.end(), rgb.begin() + static_cast<int64_t>(at));
}

Raster::Colour Raster::at(int x, int y) const {
  const size_t at =
      (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
  return {rgb[at], rgb[at + 1], rgb[at + 2]};
}

void Raster::line(double x0, double y0, double x1, double y1, const Colour& colour, int thickness) {
  const double length = std::max({1.0, std::abs(x1 - x0), std::abs(y1 - y0)});
  for (int i = 0; i <= static_cast<int>(length); ++i) {
    const double share = i / length;
    const int x = static_cast<int>(std::lround(x0 + share * (x1 - x0)));
    const int y = static_cast<int>(std::lround(y0 + share * (y1 - y0)));
    for (int dx = 0; dx < thickness; ++dx) {
      for (int dy = 0; dy < thickness; ++dy) set(x + dx, y + dy, colour);
    }
  }
}

void Raster::text(int x, int y, std::string_view text, const Colour& colour, int scale) {
  for (const char c : text) {
    const auto glyph = glyphs().find(
        static_cast<char>(std::toupper(static_cast<unsigned char>(c == '_' ? ' ' : c))));
    for (int row = 0; glyph != glyphs().end() && row < kGlyphHeight * scale; ++row) {
      for (int column = 0; column < kGlyphWidth * scale; ++column) {
        const unsigned bits = glyph->second[static_cast<size_t>(row / scale)];
        if ((bits >> (kGlyphWidth - 1 - column / scale)) & 1U) set(x + column, y + row, colour);
      }
    }
    x += (kGlyphWidth + 1) * scale;
  }
}

int text_width(std::string_view text, int scale) {
  return static_cast<int>(text.size()) * (kGlyphWidth + 1) * scale;
}

double tick_step(double range, int most) {
  const double raw = range / most;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (raw <= times * power * (1 + 1e-9)) return times * power;
  }
  return 10 * power;
}

Raster draw_chart(const std::vector<Series>& series, const ChartOptions& options) {
  Raster raster(options.width, options.height);
  const Frame frame = frame_of(series, options.logarithmic);
  draw_axes(raster, frame, options.x_name);
  int label_x = frame.left;
  for (size_t i = 0; i < series.size(); ++i) {
    const Raster::Colour& colour = kColours[i % kColours.size()];
    const std::pair<double, double>* before = nullptr;
    for (const auto& point : series[i].points) {
      if (!std::isfinite(point.second) || (frame.logarithmic && point.second <= 0)) continue;
      const double x = frame.x(raster, point.first);
      const double y = frame.y(raster, point.second);
      const double from_x = before != nullptr ? frame.x(raster, before->first) : x;
      const double from_y = before != nullptr ? frame.y(raster, before->second) : y;
      raster.line(from_x, from_y, x, y, colour, 2);
      before = &point;
    }
    raster.text(label_x, 16, series[i].name, colour);
    label_x += text_width(series[i].name) + 16;
  }
  return raster;
}

}  // namespace riffle::train
