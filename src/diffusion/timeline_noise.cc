// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/timeline_noise.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/parallel.h"
#include "diffusion/detail/philox.h"

namespace riffle::diffusion {
namespace {

constexpr int64_t kMostColumnValues = 1 << 24;
constexpr int64_t kNormalsPerCounter = 4;
constexpr int64_t kColumnsPerTask = 64;

// Two independent normals from 64 random bits. The radius' uniform lies in (0, 1], so that its
// logarithm is finite; the largest value is 6.7.
std::array<float, 2> box_muller(uint32_t radius_bits, uint32_t angle_bits) {
  const double uniform = (static_cast<double>(radius_bits) + 1) * 0x1p-32;
  const double radius = std::sqrt(-2 * std::log(uniform));
  const double angle = 2 * std::numbers::pi * static_cast<double>(angle_bits) * 0x1p-32;
  return {static_cast<float>(radius * std::cos(angle)),
          static_cast<float>(radius * std::sin(angle))};
}

std::array<float, 4> normals(uint64_t seed, int64_t column, int64_t block, uint32_t draw) {
  const auto place = static_cast<uint64_t>(column);
  const auto bits =
      detail::philox({static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32),
                      static_cast<uint32_t>(block), draw},
                     {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  const auto low = box_muller(bits[0], bits[1]);
  const auto high = box_muller(bits[2], bits[3]);
  return {low[0], low[1], high[0], high[1]};
}

}  // namespace

TimelineNoise::TimelineNoise(uint64_t seed, int64_t channels, int64_t rows)
    : seed_(seed), channels_(channels), rows_(rows) {
  if (channels < 1 || rows < 1 || channels > kMostColumnValues / rows)
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("timeline noise: a column of {} x {} values", channels, rows));
}

at::Tensor TimelineNoise::columns(int64_t first, int64_t count, uint32_t draw) const {
  if (count < 0)
    throw Error(ErrorCode::InvalidArgument, fmt::format("timeline noise: {} columns", count));
  const int64_t values = channels_ * rows_;
  at::Tensor noise = at::empty({channels_, rows_, count}, at::kFloat);
  float* const data = noise.data_ptr<float>();
  parallel_for(count, kColumnsPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t value = 0; value < values; value += kNormalsPerCounter) {
      const int64_t used = std::min(kNormalsPerCounter, values - value);
      for (int64_t column = begin; column < end; ++column) {
        const auto drawn = normals(seed_, first + column, value / kNormalsPerCounter, draw);
        for (int64_t k = 0; k < used; ++k)
          data[(value + k) * count + column] = drawn[static_cast<size_t>(k)];
      }
    }
  });
  return noise;
}

TimelineNoiseSource::TimelineNoiseSource(std::span<const uint64_t> seeds, int64_t first_column)
    : seeds_(seeds.begin(), seeds.end()), first_column_(first_column) {
  if (seeds.empty()) throw Error(ErrorCode::InvalidArgument, "timeline noise: no seed was given");
}

at::Tensor TimelineNoiseSource::next(const at::Tensor& like) {
  if (like.dim() != 4 || like.size(0) != std::ssize(seeds_))
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("timeline noise: expected [{}, C, H, W], got {} dimensions",
                            seeds_.size(), like.dim()));
  std::vector<at::Tensor> items;
  for (const uint64_t seed : seeds_)
    items.push_back(TimelineNoise(seed, like.size(1), like.size(2))
                        .columns(first_column_, like.size(3), draw_));
  ++draw_;
  return at::stack(items).to(like.options());
}

}  // namespace riffle::diffusion
