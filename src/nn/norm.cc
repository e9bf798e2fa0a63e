// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/norm.h"

#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>

#include "core/error.h"
#include "nn/activations.h"
#include "nn/kernel_times.h"
#include "nn/kernels/norms.h"
#include "nn/packed_tensors.h"

namespace riffle::nn {
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

}  // namespace

GroupNorm::GroupNorm(int64_t groups, int64_t channels, double epsilon)
    : groups_(groups), epsilon_(epsilon) {
  if (groups < 1 || channels % groups != 0) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("GroupNorm: {} channels cannot be split into {} groups", channels, groups));
  }
  weight_ = add_parameter("weight", {channels});
  bias_ = add_parameter("bias", {channels});
}

at::Tensor GroupNorm::forward(const at::Tensor& x) {
  const KernelTimer timer(KernelKind::Norm, 0);
  if (packed()) return forward_packed(x, false);
  return at::group_norm(x, groups_, weight_, bias_, epsilon_);
}

at::Tensor GroupNorm::forward_silu(const at::Tensor& x) {
  if (!packed()) return at::silu(forward(x));
  const KernelTimer timer(KernelKind::Norm, 0);
  return forward_packed(x, true);
}

at::Tensor GroupNorm::forward_silu_over(at::Tensor x) {
  if (!packed() || !x.is_contiguous(kChannelsLast)) return forward_silu(x);
  const KernelTimer timer(KernelKind::Norm, 0);
  normalise_packed(packed_input(x, "GroupNorm"), true, x);
  return x;
}

at::Tensor GroupNorm::forward_packed(const at::Tensor& x, bool silu) const {
  const at::Tensor picture = packed_input(x, "GroupNorm").contiguous(kChannelsLast);
  const at::Tensor out = activation(picture.sizes(), kChannelsLast);
  normalise_packed(picture, silu, out);
  return out;
}

void GroupNorm::normalise_packed(const at::Tensor& picture, bool silu,
                                 const at::Tensor& out) const {
  kernels::group_norm(kernels::kernel_table(), {.x = picture.data_ptr<float>(),
                                                .out = out.data_ptr<float>(),
                                                .batch = picture.size(0),
                                                .pixels = picture.size(2) * picture.size(3),
                                                .channels = picture.size(1),
                                                .groups = groups_,
                                                .weight = float_data(weight_),
                                                .bias = float_data(bias_),
                                                .epsilon = epsilon_,
                                                .silu = silu});
}

void GroupNorm::reset(const at::Generator& /*generator*/) {
  fill(weight_, 1);
  fill(bias_, 0);
}

LayerNorm::LayerNorm(int64_t features, double epsilon) : features_(features), epsilon_(epsilon) {
  weight_ = add_parameter("weight", {features});
  bias_ = add_parameter("bias", {features});
}

at::Tensor LayerNorm::forward(const at::Tensor& x) {
  const KernelTimer timer(KernelKind::Norm, 0);
  if (!packed()) return at::layer_norm(x, {features_}, weight_, bias_, epsilon_);
  const at::Tensor rows = packed_input(x, "LayerNorm").contiguous();
  const at::Tensor out = activation(rows.sizes());
  kernels::layer_norm(kernels::kernel_table(), rows.data_ptr<float>(), rows.numel() / features_,
                      features_, float_data(weight_), float_data(bias_), epsilon_,
                      out.data_ptr<float>());
  return out;
}

void LayerNorm::reset(const at::Generator& /*generator*/) {
  fill(weight_, 1);
  fill(bias_, 0);
}

}  // namespace riffle::nn
