// SPDX-License-Identifier: GPL-3.0-or-later
// Chance that is a function of what it is for, not of what was drawn before: every sample of a run
// has numbers of its own, made from the run's seed and the sample's index. A run that is resumed,
// or split over several machines, so sees exactly what one uninterrupted run sees.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace riffle::train {

// A seed out of a seed, what it is for, and an index.
uint64_t derive_seed(uint64_t seed, std::string_view purpose, uint64_t index);

// SplitMix64 (Steele et al. 2014): small, fast, and good enough to choose windows with.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next();
  double uniform();              // [0, 1)
  int64_t below(int64_t count);  // [0, count); count at least 1
  bool chance(double probability) { return uniform() < probability; }
  double normal();

 private:
  uint64_t state_;
};

// The position of `index` in a shuffled order of 0..count-1: a new order every `count` indices, all
// of them from one seed.
class ShuffledOrder {
 public:
  ShuffledOrder(int64_t count, uint64_t seed);
  int64_t at(int64_t index);  // keeps the last order it made

 private:
  int64_t count_;
  uint64_t seed_;
  int64_t round_ = -1;
  std::vector<int32_t> order_;
};

// Standard normal noise [B, ...item_shape] on `device`. On the CPU item b depends on seeds[b]
// alone; on CUDA it is drawn there, all from the first seed.
at::Tensor sample_noise(std::span<const uint64_t> seeds, std::string_view purpose,
                        at::IntArrayRef item_shape, at::Device device);
// The same, uniform in [0, 1): [B].
at::Tensor sample_uniform(std::span<const uint64_t> seeds, std::string_view purpose,
                          at::Device device);

}  // namespace riffle::train
