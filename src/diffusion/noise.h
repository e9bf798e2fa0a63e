// SPDX-License-Identifier: GPL-3.0-or-later
// Seeded Gaussian noise. It is always drawn in float32 by libtorch's CPU generator and moved
// afterwards, so that a seed gives one clip on every device, the one PyTorch gives on its CPU.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace riffle::diffusion {

// PyTorch's torch.randn(shape, generator=torch.Generator().manual_seed(seed)), float32 on the CPU.
// The generator keeps the low 32 bits of a seed: seeds 2^32 apart are one.
at::Tensor seeded_noise(uint64_t seed, at::IntArrayRef shape);

// [B, ...item_shape] with item b drawn from seeds[b] alone: a batch equals its singles.
at::Tensor seeded_noise(std::span<const uint64_t> seeds, at::IntArrayRef item_shape);

// Where samplers get the noise of their steps.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;
  // Fresh N(0, 1) noise of the shape, type and device of `like`, [B, ...].
  virtual at::Tensor next(const at::Tensor& like) = 0;
};

// One running generator a batch item. The first draw equals seeded_noise(seeds, ...). next() throws
// Error{InvalidArgument} unless dimension 0 of `like` is the number of seeds.
class SeededNoise final : public NoiseSource {
 public:
  explicit SeededNoise(std::span<const uint64_t> seeds);
  at::Tensor next(const at::Tensor& like) override;

 private:
  std::vector<at::Generator> generators_;
};

// Spherical interpolation of noise, item by item over dimension 0, each item flattened: Riffusion's
// rule, linear where the directions are closer than a cosine of 0.9995 (same seeds then give the
// same noise back). alpha 0 is `from`, 1 is `to`. Throws Error{InvalidArgument} for unequal shapes
// and for alpha outside [0, 1].
at::Tensor slerp(double alpha, const at::Tensor& from, const at::Tensor& to);

// Riffusion's "alpha power": (sign(u) |u|^power + 1) / 2 with u = 2 alpha - 1. A power above one
// dwells in the middle of a morph, below one at its ends. Throws Error{InvalidArgument} for alpha
// outside [0, 1] and for a power that is not positive.
double shaped_alpha(double alpha, double power);

}  // namespace riffle::diffusion
