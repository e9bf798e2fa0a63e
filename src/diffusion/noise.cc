// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

// Above this cosine the sine of the angle is too small to divide by.
constexpr double kParallelCosine = 0.9995;

at::Tensor drawn(at::IntArrayRef shape, const at::Generator& generator) {
  return at::randn(shape, generator, at::TensorOptions().dtype(at::kFloat));
}

void require_alpha(double alpha) {
  if (!(alpha >= 0 && alpha <= 1))
    throw Error(ErrorCode::InvalidArgument, fmt::format("alpha must be 0 to 1, got {}", alpha));
}

void require_seeds(std::span<const uint64_t> seeds) {
  if (seeds.empty()) throw Error(ErrorCode::InvalidArgument, "noise: no seed was given");
}

at::Tensor slerp_item(double alpha, const at::Tensor& from, const at::Tensor& to) {
  const at::Tensor a = from.to(at::kDouble).flatten();
  const at::Tensor b = to.to(at::kDouble).flatten();
  const double norms = a.norm().item<double>() * b.norm().item<double>();
  const double cosine = norms > 0 ? a.dot(b).item<double>() / norms : 1;
  double from_weight = 1 - alpha;
  double to_weight = alpha;
  if (std::abs(cosine) <= kParallelCosine) {
    const double angle = std::acos(cosine);
    from_weight = std::sin(angle * (1 - alpha)) / std::sin(angle);
    to_weight = std::sin(angle * alpha) / std::sin(angle);
  }
  return from_weight * from + to_weight * to;
}

}  // namespace

at::Tensor seeded_noise(uint64_t seed, at::IntArrayRef shape) {
  return drawn(shape, at::make_generator<at::CPUGeneratorImpl>(seed));
}

at::Tensor seeded_noise(std::span<const uint64_t> seeds, at::IntArrayRef item_shape) {
  require_seeds(seeds);
  std::vector<at::Tensor> items;
  for (const uint64_t seed : seeds) items.push_back(seeded_noise(seed, item_shape));
  return at::stack(items);
}

SeededNoise::SeededNoise(std::span<const uint64_t> seeds) {
  require_seeds(seeds);
  for (const uint64_t seed : seeds)
    generators_.push_back(at::make_generator<at::CPUGeneratorImpl>(seed));
}

at::Tensor SeededNoise::next(const at::Tensor& like) {
  if (like.dim() == 0 || like.size(0) != std::ssize(generators_))
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("noise: {} seeds for a batch of {}", generators_.size(),
                            like.dim() == 0 ? 0 : like.size(0)));
  std::vector<at::Tensor> items;
  for (const at::Generator& generator : generators_)
    items.push_back(drawn(like.sizes().slice(1), generator));
  return at::stack(items).to(like.options());
}

at::Tensor slerp(double alpha, const at::Tensor& from, const at::Tensor& to) {
  require_alpha(alpha);
  if (from.sizes() != to.sizes() || from.dim() < 2)
    throw Error(ErrorCode::InvalidArgument,
                "slerp: both sides must be batches of one shape, [B, ...]");
  std::vector<at::Tensor> items;
  for (int64_t b = 0; b < from.size(0); ++b) items.push_back(slerp_item(alpha, from[b], to[b]));
  return at::stack(items);
}

double shaped_alpha(double alpha, double power) {
  require_alpha(alpha);
  if (!(power > 0))
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the alpha power must be positive, got {}", power));
  const double u = 2 * alpha - 1;
  return (std::copysign(std::pow(std::abs(u), power), u) + 1) / 2;
}

}  // namespace riffle::diffusion
