// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/norm.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>

#include "core/error.h"
#include "nn/kernel_times.h"
#include "nn/kernels/norms.h"
#include "nn/packed_tensors.h"

namespace riffle::nn {

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
  if (packed()) return normalise_packed(x, false);
  return at::group_norm(x, groups_, weight_, bias_, epsilon_);
}

at::Tensor GroupNorm::forward_silu(const at::Tensor& x) {
  if (packed()) return normalise_packed(x, true);
  return at::silu(forward(x));
}

at::Tensor GroupNorm::normalise_packed(const at::Tensor& x, bool silu) const {
  const KernelTimer timer(KernelKind::Norm, 0);
  const at::Tensor picture =
      packed_input(x, "GroupNorm").contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor out = at::empty_like(picture);
  kernels::group_norm(kernels::kernel_table(), {.x = picture.data_ptr<float>(),
                                                .out = out.data_ptr<float>(),
                                                .batch = x.size(0),
                                                .pixels = x.size(2) * x.size(3),
                                                .channels = x.size(1),
                                                .groups = groups_,
                                                .weight = float_data(weight_),
                                                .bias = float_data(bias_),
                                                .epsilon = epsilon_,
                                                .silu = silu});
  return out;
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
  if (!packed()) return at::layer_norm(x, {features_}, weight_, bias_, epsilon_);
  const KernelTimer timer(KernelKind::Norm, 0);
  const at::Tensor rows = packed_input(x, "LayerNorm").contiguous();
  at::Tensor out = at::empty_like(rows);
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
