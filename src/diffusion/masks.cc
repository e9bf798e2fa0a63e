// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/masks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

constexpr int64_t kPictureMultiple = 32;

// The source pixel of each of `count` cells over `size` pixels: the one below the cell's centre.
// Pillow walks there by adding the pitch up, so its rounding is met by doing the same.
std::vector<int64_t> nearest_pixels(int64_t size, int64_t count) {
  const double pitch = static_cast<double>(size) / static_cast<double>(count);
  std::vector<int64_t> pixels;
  double centre = pitch * 0.5;
  for (int64_t i = 0; i < count; ++i, centre += pitch)
    pixels.push_back(std::min(static_cast<int64_t>(centre), size - 1));
  return pixels;
}

// The part of [cell, cell + 1] inside [from, to].
double coverage(double cell, double from, double to) {
  return std::clamp(std::min(cell + 1, to) - std::max(cell, from), 0.0, 1.0);
}

// Weights of `count` cells for a stretch with soft edges on both sides.
at::Tensor profile(int64_t count, double from, double to, double edge) {
  at::Tensor weights = at::empty({count}, at::kFloat);
  float* const data = weights.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) {
    const auto cell = static_cast<double>(i);
    const double centre = cell + 0.5;
    const double outside = std::max({from - centre, centre - to, 0.0});
    double weight = coverage(cell, from, to);
    if (outside < edge)
      weight = std::max(weight, 0.5 * (1 + std::cos(std::numbers::pi * outside / edge)));
    data[i] = static_cast<float>(weight);
  }
  return weights;
}

void require_sane(const MaskRectangle& r, int64_t rows, int64_t columns) {
  const bool is_solid = r.right > r.left && r.bottom > r.top;
  const bool is_inside = r.left < static_cast<double>(columns) && r.right > 0 &&
                         r.top < static_cast<double>(rows) && r.bottom > 0;
  if (!is_solid || !is_inside)
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("mask: columns {} to {} by rows {} to {} cover nothing of {} x {} cells",
                    r.left, r.right, r.top, r.bottom, columns, rows));
  if (!(r.time_edge >= 0 && r.frequency_edge >= 0))
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("mask: edges must not be negative, got {} and {}", r.time_edge,
                            r.frequency_edge));
}

}  // namespace

at::Tensor mask_of_picture(std::span<const uint8_t> gray, int64_t width, int64_t height,
                           int64_t factor) {
  if (factor < 1 || kPictureMultiple % factor != 0)
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("mask: the factor must divide {}, got {}", kPictureMultiple, factor));
  if (width < kPictureMultiple || height < kPictureMultiple || std::ssize(gray) / width != height ||
      std::ssize(gray) % width != 0)
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("mask: expected a gray picture of {} pixels or more a side, got {} x {} "
                    "in {} bytes",
                    kPictureMultiple, width, height, gray.size()));
  const auto columns = nearest_pixels(width, (width - width % kPictureMultiple) / factor);
  const auto rows = nearest_pixels(height, (height - height % kPictureMultiple) / factor);
  at::Tensor mask = at::empty({1, 1, std::ssize(rows), std::ssize(columns)}, at::kFloat);
  float* cell = mask.data_ptr<float>();
  for (const int64_t y : rows)
    for (const int64_t x : columns)
      *cell++ = static_cast<float>(gray[static_cast<size_t>(y * width + x)]) / 255.0F;
  return mask;
}

at::Tensor mask_of_rectangles(int64_t rows, int64_t columns,
                              std::span<const MaskRectangle> rectangles) {
  if (rows < 1 || columns < 1 || rectangles.empty())
    throw Error(ErrorCode::InvalidArgument, fmt::format("mask: {} rectangles over {} x {} cells",
                                                        rectangles.size(), columns, rows));
  at::Tensor mask = at::zeros({rows, columns}, at::kFloat);
  for (const MaskRectangle& r : rectangles) {
    require_sane(r, rows, columns);
    const at::Tensor time = profile(columns, r.left, r.right, r.time_edge);
    const at::Tensor frequency = profile(rows, r.top, r.bottom, r.frequency_edge);
    mask = at::maximum(mask, frequency.unsqueeze(1) * time);
  }
  return mask.view({1, 1, rows, columns});
}

at::Tensor blended(const at::Tensor& mask, const at::Tensor& repainted, const at::Tensor& kept) {
  return mask * repainted + (1 - mask) * kept;
}

}  // namespace riffle::diffusion
