// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/picture_losses.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fft_rfft2.h>
#include <ATen/ops/imag.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/real.h>
#include <ATen/ops/relu.h>

#include <cmath>
#include <iterator>

namespace riffle::train {
namespace {

constexpr int64_t kTiles = 4;  // along a side
constexpr int64_t kTimeAxis = 3;
constexpr int64_t kFrequencyAxis = 2;

// Channels of the random network, and after which of its layers the picture is halved.
constexpr int64_t kChannels[] = {1, 16, 32, 64, 64, 64};
constexpr int64_t kStrides[] = {1, 2, 2, 2, 1};

at::Tensor difference(const at::Tensor& x, int64_t axis) {
  return x.narrow(axis, 1, x.size(axis) - 1) - x.narrow(axis, 0, x.size(axis) - 1);
}

at::Tensor mean_abs(const at::Tensor& x) { return x.abs().mean(); }

// Rows orthogonal to each other (or columns, where there are fewer), scaled to keep the variance
// of what passes through a ReLU.
at::Tensor orthogonal_kernel(int64_t out, int64_t in, const at::Generator& generator) {
  const int64_t fan_in = in * 9;
  const bool tall = out > fan_in;
  at::Tensor random = at::empty({tall ? out : fan_in, tall ? fan_in : out}, at::kFloat);
  random.normal_(0, 1, generator);
  at::Tensor q = std::get<0>(at::linalg_qr(random));
  if (!tall) q = q.t();
  return (q * std::sqrt(2.0)).reshape({out, in, 3, 3}).contiguous();
}

}  // namespace

PictureLoss picture_loss(const at::Tensor& decoded, const at::Tensor& real,
                         const PictureLossWeights& weights) {
  // Everything here is linear in the error, so it is taken once.
  const at::Tensor error = decoded.to(at::kFloat) - real;
  const at::Tensor level = mean_abs(error);
  const at::Tensor gradient =
      mean_abs(difference(error, kTimeAxis)) + mean_abs(difference(error, kFrequencyAxis));
  at::Tensor total = level * weights.level + gradient * weights.gradient;
  if (weights.scales > 0) {
    at::Tensor pooled = error;
    at::Tensor sum;
    for (int scale = 2; scale <= 8; scale *= 2) {
      pooled = at::avg_pool2d(pooled, {2, 2});
      const at::Tensor term = mean_abs(pooled);
      sum = sum.defined() ? sum + term : term;
    }
    total = total + sum * weights.scales;
  }
  return {total, level.detach(), gradient.detach()};
}

at::Tensor focal_frequency_loss(const at::Tensor& decoded, const at::Tensor& real) {
  const at::Tensor error = decoded.to(at::kFloat) - real;
  const int64_t batch = error.size(0) * error.size(1);
  const int64_t rows = error.size(2) / kTiles;
  const int64_t frames = error.size(3) / kTiles;
  const at::Tensor tiles = error.reshape({batch, kTiles, rows, kTiles, frames})
                               .permute({0, 1, 3, 2, 4})
                               .reshape({-1, rows, frames});
  const at::Tensor spectrum = at::fft_rfft2(tiles, c10::nullopt, {-2, -1}, "ortho");
  const at::Tensor power = at::real(spectrum).square() + at::imag(spectrum).square();
  at::Tensor weight = power.detach().sqrt();
  weight = weight / weight.amax({-2, -1}, true).clamp_min(1e-8);
  return (weight * power).mean();
}

at::Tensor texture_loss(const at::Tensor& decoded, const at::Tensor& real) {
  constexpr int64_t kSquare = 8;
  const at::Tensor ours = decoded.to(at::kFloat);
  const auto steepness = [&](const at::Tensor& x, int64_t axis) {
    return at::avg_pool2d(difference(x, axis).abs(), {kSquare, kSquare});
  };
  const auto apart = [&](int64_t axis) {
    return mean_abs(steepness(ours, axis) - steepness(real, axis));
  };
  return apart(kTimeAxis) + apart(kFrequencyAxis);
}

RandomFeatures::RandomFeatures(uint64_t seed, at::Device device) {
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  for (size_t i = 0; i + 1 < std::size(kChannels); ++i) {
    kernels_.push_back(orthogonal_kernel(kChannels[i + 1], kChannels[i], generator).to(device));
  }
}

at::Tensor RandomFeatures::loss(const at::Tensor& decoded, const at::Tensor& real) const {
  at::Tensor ours = decoded.to(at::kFloat);
  at::Tensor theirs = real.detach();
  at::Tensor total;
  for (size_t i = 0; i < kernels_.size(); ++i) {
    ours = at::relu(at::conv2d(ours, kernels_[i], {}, kStrides[i], 1));
    theirs = at::relu(at::conv2d(theirs, kernels_[i], {}, kStrides[i], 1));
    const at::Tensor term = mean_abs(ours - theirs) / (theirs.std() + 1e-6);
    total = total.defined() ? total + term : term;
  }
  return total / static_cast<double>(kernels_.size());
}

BlurNumbers blur_of(const at::Tensor& decoded, const at::Tensor& real) {
  const auto ratio = [&](int64_t axis) {
    const double of_real = mean_abs(difference(real, axis)).item<double>();
    return of_real > 0 ? mean_abs(difference(decoded, axis)).item<double>() / of_real : 1.0;
  };
  return {.time = ratio(kTimeAxis), .frequency = ratio(kFrequencyAxis)};
}

}  // namespace riffle::train
