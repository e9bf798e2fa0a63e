// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/consistency_blocks.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <algorithm>
#include <cmath>

#include "nn/attention.h"
#include "nn/mixed_precision.h"

namespace riffle::models {
namespace {

constexpr int64_t kRowKernel = 5;
constexpr int64_t kRowFactor = 4;
constexpr double kNormEpsilon = 1e-5;

}  // namespace

std::shared_ptr<nn::GroupNorm> consistency_norm(int64_t channels) {
  return std::make_shared<nn::GroupNorm>(std::clamp<int64_t>(channels / 4, 1, 32), channels,
                                         kNormEpsilon);
}

FrequencyConv::FrequencyConv(int64_t in_channels, int64_t out_channels, int64_t stride)
    : in_channels_(in_channels), stride_(stride) {
  weight_ = add_parameter("weight", {out_channels, in_channels, kRowKernel, 1});
  bias_ = add_parameter("bias", {out_channels});
}

at::Tensor FrequencyConv::forward(const at::Tensor& x) {
  const at::Tensor y =
      at::conv2d(nn::to_multiply(x), nn::to_multiply(weight_), nn::to_multiply(bias_),
                 at::IntArrayRef({stride_, 1}), at::IntArrayRef({kRowKernel / 2, 0}));
  return nn::from_multiply(y, x);
}

void FrequencyConv::reset(const at::Generator& generator) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in_channels_ * kRowKernel));
  fill_uniform(weight_, bound, generator);
  fill_uniform(bias_, bound, generator);
}

// Queries, keys and values in one matrix.
class RowAttention::Projections : public nn::Layer {
 public:
  explicit Projections(int64_t channels) : channels_(channels) {
    weight_ = add_parameter("in_proj_weight", {3 * channels, channels});
    bias_ = add_parameter("in_proj_bias", {3 * channels});
  }
  at::Tensor forward(const at::Tensor& x) const {
    return nn::from_multiply(
        at::linear(nn::to_multiply(x), nn::to_multiply(weight_), nn::to_multiply(bias_)), x);
  }
  void reset(const at::Generator& generator) override {
    fill_uniform(weight_, std::sqrt(6.0 / static_cast<double>(4 * channels_)), generator);
    fill(bias_, 0);
  }

 private:
  int64_t channels_;
  at::Tensor weight_;
  at::Tensor bias_;
};

RowAttention::RowAttention(int64_t channels, int64_t heads) : heads_(heads) {
  mha_ = register_module("mha", std::make_shared<Projections>(channels));
  out_proj_ = mha_->register_module("out_proj", std::make_shared<nn::Linear>(channels, channels));
  norm_ = register_module("norm", consistency_norm(channels));
}

at::Tensor RowAttention::forward(const at::Tensor& x) {
  const int64_t rows = x.size(2);
  const int64_t frames = x.size(3);
  // [B * frames, rows, C]
  const at::Tensor sequences =
      norm_->forward(x).permute({0, 3, 2, 1}).reshape({-1, rows, x.size(1)});
  const auto parts = mha_->forward(sequences).chunk(3, -1);
  const at::Tensor mixed = out_proj_->forward(
      nn::attention(parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous(),
                    {.heads = heads_, .blocked = out_proj_->packed()}));
  return x + mixed.view({x.size(0), frames, rows, x.size(1)}).permute({0, 3, 2, 1});
}

ConsistencyBlock::ConsistencyBlock(const ConsistencyBlockShape& shape) {
  norm1_ = register_module("norm1", consistency_norm(shape.in));
  conv1_ = register_module("conv1", std::make_shared<nn::Conv2d>(shape.in, shape.out));
  if (shape.condition > 0) {
    proj_emb_ =
        register_module("proj_emb", std::make_shared<nn::Linear>(shape.condition, shape.out));
  }
  norm2_ = register_module("norm2", consistency_norm(shape.out));
  conv2_ = register_module("conv2", std::make_shared<nn::Conv2d>(shape.out, shape.out));
  if (shape.in != shape.out) {
    res_conv_ = register_module(
        "res_conv", std::make_shared<nn::Conv2d>(shape.in, shape.out,
                                                 nn::Conv2dOptions{.kernel = 1, .padding = 0}));
  }
  if (shape.heads > 0) {
    att_ = register_module("att", std::make_shared<RowAttention>(shape.out, shape.heads));
  }
}

at::Tensor ConsistencyBlock::forward(const at::Tensor& x, const at::Tensor& condition) {
  const at::Tensor bias = proj_emb_ ? proj_emb_->forward(condition) : at::Tensor();
  at::Tensor h = conv1_->forward(norm1_->forward_silu(x), {.item_bias = bias});
  const at::Tensor residual = res_conv_ ? res_conv_->forward(x) : x;
  h = conv2_->forward(norm2_->forward_silu_over(h), {.residual = residual});
  return att_ ? att_->forward(h) : h;
}

ConsistencyBlock1d::ConsistencyBlock1d(int64_t channels) {
  norm1_ = register_module("norm1", consistency_norm(channels));
  conv1_ = register_module("conv1", std::make_shared<nn::Conv1d>(channels, channels));
  norm2_ = register_module("norm2", consistency_norm(channels));
  conv2_ = register_module("conv2", std::make_shared<nn::Conv1d>(channels, channels));
}

at::Tensor ConsistencyBlock1d::forward(const at::Tensor& x) {
  const at::Tensor h = conv1_->forward(norm1_->forward_silu(x));
  return conv2_->forward(norm2_->forward_silu(h), x);
}

LevelChange::LevelChange(int64_t in, int64_t out, Direction direction, bool frequency_only,
                         bool normed)
    : direction_(direction) {
  if (normed) norm_ = register_module("norm", consistency_norm(in));
  const bool down = direction == Direction::Down;
  if (frequency_only) {
    over_frequency_ =
        register_module("c", std::make_shared<FrequencyConv>(in, out, down ? kRowFactor : 1));
  } else {
    over_both_ = register_module(
        "c", std::make_shared<nn::Conv2d>(in, out, nn::Conv2dOptions{.stride = down ? 2 : 1}));
  }
}

at::Tensor LevelChange::forward(const at::Tensor& x) {
  const at::Tensor from = norm_ ? norm_->forward(x) : x;
  const bool down = direction_ == Direction::Down;
  if (over_both_) {
    if (down) return over_both_->forward(from);
    return over_both_->forward(from, {.enlarge = nn::PictureSize{2 * x.size(2), 2 * x.size(3)}});
  }
  if (down) return over_frequency_->forward(from);
  return over_frequency_->forward(
      at::upsample_nearest2d(from, {kRowFactor * x.size(2), x.size(3)}));
}

}  // namespace riffle::models
