// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/patch_discriminator.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/relu.h>

#include <algorithm>

namespace riffle::train {
namespace {

constexpr double kSlope = 0.2;
constexpr int64_t kKernel = 4;
constexpr int64_t kGroups = 8;
constexpr int64_t kMost = 4;  // times the first layer's channels

}  // namespace

PatchDiscriminator::PatchDiscriminator(int64_t channels) {
  // Three that halve, one that does not, and the verdict.
  const int64_t widest = kMost * channels;
  const std::vector<int64_t> widths{
      2, channels, std::min(2 * channels, widest), std::min(4 * channels, widest), widest, 1};
  for (size_t i = 0; i + 1 < widths.size(); ++i) {
    const std::string number = std::to_string(i);
    const nn::Conv2dOptions options{.kernel = kKernel, .stride = i < 3 ? 2 : 1, .padding = 1};
    convolutions_.push_back(register_module(
        "conv" + number, std::make_shared<nn::Conv2d>(widths[i], widths[i + 1], options)));
    if (i > 0 && i + 2 < widths.size()) {
      norms_.push_back(register_module(
          "norm" + number,
          std::make_shared<nn::GroupNorm>(std::min(kGroups, widths[i + 1]), widths[i + 1], 1e-6)));
    }
  }
}

at::Tensor PatchDiscriminator::forward(const at::Tensor& pictures) {
  const at::Tensor place = at::linspace(-1, 1, pictures.size(2), pictures.options())
                               .view({1, 1, -1, 1})
                               .expand_as(pictures);
  at::Tensor x = at::cat({pictures, place}, 1);
  for (size_t i = 0; i < convolutions_.size(); ++i) {
    x = convolutions_[i]->forward(x);
    if (i + 1 == convolutions_.size()) break;
    if (i > 0) x = norms_[i - 1]->forward(x);
    x = at::leaky_relu(x, kSlope);
  }
  return x;
}

at::Tensor hinge_loss(const at::Tensor& of_real, const at::Tensor& of_decoded) {
  return 0.5 * (at::relu(1 - of_real).mean() + at::relu(1 + of_decoded).mean());
}

}  // namespace riffle::train
