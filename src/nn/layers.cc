// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/layers.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/pad.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace riffle::nn {
namespace {

thread_local bool t_circular_width = false;

void fill(at::Tensor& parameter, double value) {
  const at::NoGradGuard no_grad;
  parameter.fill_(value);
}

// U(+-1/sqrt(fan_in)) for weight and bias: what PyTorch's Linear and Conv2d start from.
double start_bound(int64_t fan_in) { return 1.0 / std::sqrt(static_cast<double>(fan_in)); }

}  // namespace

Linear::Linear(int64_t in_features, int64_t out_features, bool bias)
    : in_features_(in_features), out_features_(out_features) {
  weight_ = add_parameter("weight", {out_features, in_features});
  if (bias) bias_ = add_parameter("bias", {out_features});
}

at::Tensor Linear::forward(const at::Tensor& x) { return at::linear(x, weight_, bias_); }

void Linear::reset(const at::Generator& generator) {
  fill_uniform(weight_, start_bound(in_features_), generator);
  if (bias_.defined()) fill_uniform(bias_, start_bound(in_features_), generator);
}

Conv2d::Conv2d(int64_t in_channels, int64_t out_channels, Conv2dOptions options)
    : in_channels_(in_channels), options_(options) {
  weight_ = add_parameter("weight", {out_channels, in_channels, options.kernel, options.kernel});
  bias_ = add_parameter("bias", {out_channels});
}

at::Tensor Conv2d::forward(const at::Tensor& x) {
  const int64_t begin = options_.padding;
  const int64_t end = options_.padding + options_.extra_end_padding;
  if (t_circular_width && end > 0) {
    const at::Tensor wrapped = at::pad(x, {begin, end, 0, 0}, "circular");
    const at::Tensor padded = at::constant_pad_nd(wrapped, {0, 0, begin, end});
    return at::conv2d(padded, weight_, bias_, options_.stride);
  }
  if (begin != end) {
    const at::Tensor padded = at::constant_pad_nd(x, {begin, end, begin, end});
    return at::conv2d(padded, weight_, bias_, options_.stride);
  }
  return at::conv2d(x, weight_, bias_, options_.stride, begin);
}

void Conv2d::reset(const at::Generator& generator) {
  const double bound = start_bound(in_channels_ * options_.kernel * options_.kernel);
  fill_uniform(weight_, bound, generator);
  fill_uniform(bias_, bound, generator);
}

CircularWidth::CircularWidth(bool on) : before_(t_circular_width) { t_circular_width = on; }
CircularWidth::~CircularWidth() { t_circular_width = before_; }
bool CircularWidth::active() { return t_circular_width; }

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
  return at::group_norm(x, groups_, weight_, bias_, epsilon_);
}

at::Tensor GroupNorm::forward_silu(const at::Tensor& x) { return at::silu(forward(x)); }

void GroupNorm::reset(const at::Generator& /*generator*/) {
  fill(weight_, 1);
  fill(bias_, 0);
}

LayerNorm::LayerNorm(int64_t features, double epsilon) : features_(features), epsilon_(epsilon) {
  weight_ = add_parameter("weight", {features});
  bias_ = add_parameter("bias", {features});
}

at::Tensor LayerNorm::forward(const at::Tensor& x) {
  return at::layer_norm(x, {features_}, weight_, bias_, epsilon_);
}

void LayerNorm::reset(const at::Generator& /*generator*/) {
  fill(weight_, 1);
  fill(bias_, 0);
}

Embedding::Embedding(int64_t count, int64_t features) {
  weight_ = add_parameter("weight", {count, features});
}

at::Tensor Embedding::forward(const at::Tensor& ids) { return at::embedding(weight_, ids); }

void Embedding::reset(const at::Generator& generator) {
  const at::NoGradGuard no_grad;
  weight_.normal_(0, 0.02, generator);
}

}  // namespace riffle::nn
