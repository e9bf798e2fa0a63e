// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/random.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/normal.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "core/error.h"

namespace riffle::train {
namespace {

constexpr uint64_t kGoldenStep = 0x9e3779b97f4a7c15;

uint64_t scramble(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// FNV-1a.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

uint64_t derive_seed(uint64_t seed, std::string_view purpose, uint64_t index) {
  return scramble(scramble(scramble(seed + kGoldenStep) ^ hash_of(purpose)) + index * kGoldenStep);
}

uint64_t Random::next() { return scramble(state_ += kGoldenStep); }

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

int64_t Random::below(int64_t count) {
  return std::min(count - 1, static_cast<int64_t>(uniform() * static_cast<double>(count)));
}

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

ShuffledOrder::ShuffledOrder(int64_t count, uint64_t seed) : count_(count), seed_(seed) {
  if (count < 1) throw Error(ErrorCode::InvalidArgument, "there is nothing to shuffle");
}

int64_t ShuffledOrder::at(int64_t index) {
  const int64_t round = index / count_;
  if (round != round_) {
    order_.resize(static_cast<size_t>(count_));
    std::iota(order_.begin(), order_.end(), 0);
    Random random(derive_seed(seed_, "order", static_cast<uint64_t>(round)));
    for (int64_t i = count_ - 1; i > 0; --i) {
      std::swap(order_[static_cast<size_t>(i)], order_[static_cast<size_t>(random.below(i + 1))]);
    }
    round_ = round;
  }
  return order_[static_cast<size_t>(index % count_)];
}

at::Tensor sample_noise(std::span<const uint64_t> seeds, std::string_view purpose,
                        at::IntArrayRef item_shape, at::Device device) {
  std::vector<int64_t> shape{static_cast<int64_t>(seeds.size())};
  shape.insert(shape.end(), item_shape.begin(), item_shape.end());
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
  at::Tensor noise = at::empty(shape, options);
  if (!device.is_cpu()) {
    at::Generator generator = at::globalContext().defaultGenerator(device);
    generator.set_current_seed(derive_seed(seeds.front(), purpose, 0));
    return noise.normal_(0, 1, generator);
  }
  for (size_t b = 0; b < seeds.size(); ++b) {
    const auto generator = at::detail::createCPUGenerator(derive_seed(seeds[b], purpose, 0));
    noise[static_cast<int64_t>(b)].normal_(0, 1, generator);
  }
  return noise;
}

at::Tensor sample_uniform(std::span<const uint64_t> seeds, std::string_view purpose,
                          at::Device device) {
  at::Tensor values = at::empty({static_cast<int64_t>(seeds.size())}, at::kFloat);
  for (size_t b = 0; b < seeds.size(); ++b) {
    values.data_ptr<float>()[b] =
        static_cast<float>(Random(derive_seed(seeds[b], purpose, 0)).uniform());
  }
  return values.to(device);
}

}  // namespace riffle::train
