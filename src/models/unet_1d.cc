// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/unet_1d.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "nn/conv2d.h"

namespace riffle::models {
namespace {

constexpr double kHalfPower = 0.70710678118654752;
constexpr double kEpsilon = 1e-6;
// Columns around a circle whose length is no multiple of the strides, in such multiples.
constexpr int64_t kCircleMargin = 4;

using Resample = UNet1DBlockPlan::Resample;

int64_t groups_of(int64_t channels) {
  int64_t groups = std::min<int64_t>(32, channels / 4);
  while (channels % groups != 0) --groups;
  return groups;
}

std::shared_ptr<nn::GroupNorm> norm_of(int64_t channels) {
  return std::make_shared<nn::GroupNorm>(groups_of(channels), channels, kEpsilon);
}

void expect_shape(const char* what, const at::Tensor& got, at::IntArrayRef expected) {
  if (got.sizes() == expected) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("UNet1D: {}: expected [{}], got [{}]", what, fmt::join(expected, ", "),
                          fmt::join(got.sizes(), ", ")));
}

at::Tensor per_channel(const std::vector<double>& values, const at::Tensor& like) {
  return at::tensor(values, at::kFloat).to(like.options()).unsqueeze(1);
}

// Where a sequence of T columns is taken from so that its length is a multiple, and where it lies
// in it then.
struct Padding {
  at::Tensor index;  // int64; undefined: nothing to do
  int64_t begin = 0;
};

// The end is mirrored: music goes on, as at the ends of the windows of training. A circle goes
// around once more on either side.
Padding padding_for(int64_t columns, int64_t multiple, bool circular, at::Device device) {
  if (columns % multiple == 0) return {};
  const auto whole = [&](int64_t n) { return (n + multiple - 1) / multiple * multiple; };
  const auto options = at::TensorOptions(at::kLong).device(device);
  if (circular) {
    const int64_t margin = kCircleMargin * multiple;
    const at::Tensor position = at::arange(whole(columns + 2 * margin), options) - margin;
    return {position.remainder(columns), margin};
  }
  const at::Tensor position = at::arange(whole(columns), options).remainder(2 * columns);
  return {at::where(position < columns, position, 2 * columns - 1 - position), 0};
}

at::Tensor extended(const at::Tensor& x, const Padding& padding) {
  return padding.index.defined() ? x.index_select(2, padding.index) : x;
}

}  // namespace

UNet1DBlock::UNet1DBlock(const UNet1DBlockPlan& plan, const UNet1DConfig& config)
    : plan_(plan), scale_shift_(config.scale_shift) {
  const int64_t in = plan.in_channels;
  const int64_t out = plan.out_channels;
  norm0_ = register_module("norm0", norm_of(in));
  conv0_ = register_module("conv0", std::make_shared<nn::Conv1d>(in, out));
  affine_ = register_module(
      "affine", std::make_shared<nn::Linear>(config.time_embed_dim, scale_shift_ ? 2 * out : out));
  norm1_ = register_module("norm1", norm_of(out));
  conv1_ = register_module("conv1", std::make_shared<nn::Conv1d>(out, out));
  if (in != out || plan.resample != Resample::None) {
    skip_ = register_module("skip", std::make_shared<nn::Conv1d>(in, out, 1));
  }
  if (plan.attention) {
    attention_ = register_module(
        "attention", std::make_shared<nn::SpatialSelfAttention>(
                         out, out / config.attention_head_dim, groups_of(out), kEpsilon));
  }
}

void UNet1DBlock::close() {
  conv1_->reset_to_zero();
  if (!attention_) return;
  for (const auto& parameter : attention_->named_parameters()) {
    if (parameter.key().starts_with("to_out")) {
      const at::NoGradGuard no_grad;
      at::Tensor values = parameter.value();
      values.zero_();
    }
  }
}

at::Tensor UNet1DBlock::resampled(const at::Tensor& x) const {
  if (plan_.resample == Resample::Down) return at::avg_pool2d(x, {1, 2});
  if (plan_.resample == Resample::Up) return at::upsample_nearest2d(x, {1, 2 * x.size(3)});
  return x;
}

at::Tensor UNet1DBlock::forward(const at::Tensor& x, const at::Tensor& embedding) {
  at::Tensor h = conv0_->forward(resampled(norm0_->forward_silu(x)));
  const at::Tensor affine = affine_->forward(embedding).unsqueeze(-1).unsqueeze(-1);
  if (scale_shift_) {
    const auto parts = affine.chunk(2, 1);
    h = at::silu(norm1_->forward(h) * (parts[0] + 1) + parts[1]);
  } else {
    h = norm1_->forward_silu(h + affine);
  }
  const at::Tensor input = resampled(x);
  h = conv1_->forward(h, skip_ ? skip_->forward(input) : input) * kHalfPower;
  return attention_ ? attention_->forward(h) * kHalfPower : h;
}

UNet1D::UNet1D(const UNet1DConfig& config) : config_(config), plan_(plan_of(config)) {
  const int64_t first = config_.block_out_channels.front();
  time_embedding_ = register_module(
      "time_embedding",
      std::make_shared<nn::TimestepEmbedding>(config_.noise_features(), config_.time_embed_dim));
  if (config_.embedding_dim > 0) {
    style_embedding_ =
        register_module("style_embedding", std::make_shared<nn::Linear>(config_.embedding_dim + 1,
                                                                        config_.time_embed_dim,
                                                                        /*bias=*/false));
  }
  conv_in_ =
      register_module("conv_in", std::make_shared<nn::Conv1d>(config_.input_channels(), first));
  const auto blocks = [&](const char* name, const std::vector<UNet1DBlockPlan>& plans) {
    auto list = register_module(name, std::make_shared<nn::ModuleList<UNet1DBlock>>());
    for (const UNet1DBlockPlan& plan : plans) list->add(plan, config_);
    return list;
  };
  down_blocks_ = blocks("down_blocks", plan_.down);
  mid_blocks_ = blocks("mid_blocks", plan_.mid);
  up_blocks_ = blocks("up_blocks", plan_.up);
  norm_out_ = register_module("norm_out", norm_of(first));
  conv_out_ = register_module("conv_out", std::make_shared<nn::Conv1d>(first, config_.in_channels));
}

void UNet1D::start(uint64_t seed) {
  nn::reset_parameters(*this, seed);
  for (const auto& list : {down_blocks_, mid_blocks_, up_blocks_}) {
    for (const auto& block : *list) block->close();
  }
  conv_out_->reset_to_zero();
}

// The last number fed to the style's layer says that there is none: what its weights hold is the
// learned embedding of that.
at::Tensor UNet1D::embedding_of(const at::Tensor& noise_label, const UNet1DConditions& conditions) {
  const at::Tensor& style = conditions.style;
  const at::Tensor sinusoids = nn::timestep_sinusoids(
      noise_label,
      {.features = config_.noise_features(), .cosine_first = false, .frequency_shift = 1});
  at::Tensor embedding = time_embedding_->forward(sinusoids);
  if (style_embedding_) {
    const int64_t batch = noise_label.size(0);
    const at::Tensor none = at::zeros({batch, 1}, sinusoids.options());
    const at::Tensor known =
        style.defined() ? conditions.has_style.to(none.options()).unsqueeze(1) : none;
    const at::Tensor values =
        style.defined() ? style.to(none.options()) : none.expand({batch, config_.embedding_dim});
    const double unit_variance = std::sqrt(static_cast<double>(config_.embedding_dim));
    embedding = embedding +
                style_embedding_->forward(at::cat({values * unit_variance * known, 1 - known}, 1));
  }
  return at::silu(embedding);
}

at::Tensor UNet1D::input_of(const at::Tensor& noisy, const UNet1DConditions& conditions) const {
  const int64_t batch = noisy.size(0);
  const int64_t columns = noisy.size(2);
  const auto nothing = [&](int64_t channels) {
    return at::zeros({batch, channels, columns}, noisy.options());
  };
  std::vector<at::Tensor> channels{noisy};
  if (config_.context_channels > 0 && !conditions.context.defined()) {
    channels.push_back(nothing(config_.context_channels + 1));
  } else if (config_.context_channels > 0) {
    const at::Tensor there = conditions.present.to(noisy.options()).view({batch, 1, 1});
    // Chosen rather than multiplied: what is absent may be anything, even not a number.
    channels.push_back(at::where(there > 0, conditions.context.to(noisy.options()),
                                 at::zeros({1}, noisy.options())));
    channels.push_back(there.expand({batch, 1, columns}));
  }
  if (config_.chroma_channels > 0) {
    channels.push_back(conditions.chroma.defined() ? conditions.chroma.to(noisy.options())
                                                   : nothing(config_.chroma_channels));
  }
  return at::cat(channels, 1);
}

at::Tensor UNet1D::run(const at::Tensor& input, const at::Tensor& embedding, const Job& job) {
  at::Tensor x = conv_in_->forward(input.unsqueeze(2));
  std::vector<at::Tensor> kept{x};
  for (const auto& block : *down_blocks_) {
    job.check();
    x = block->forward(x, embedding);
    kept.push_back(x);
  }
  for (const auto& block : *mid_blocks_) {
    job.check();
    x = block->forward(x, embedding);
  }
  for (size_t i = 0; i < up_blocks_->size(); ++i) {
    job.check();
    if (plan_.up[i].resample == Resample::None) {
      x = at::cat({x, kept.back()}, 1);
      kept.pop_back();
    }
    x = (*up_blocks_)[i].forward(x, embedding);
  }
  return conv_out_->forward(norm_out_->forward_silu(x)).squeeze(2);
}

void UNet1D::check(const at::Tensor& noisy, const at::Tensor& noise_label,
                   const UNet1DConditions& conditions) const {
  if (noisy.dim() != 3 || noisy.size(1) != config_.in_channels || noisy.size(2) == 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("UNet1D: noisy latents: expected [B, {}, columns], got [{}]",
                            config_.in_channels, fmt::join(noisy.sizes(), ", ")));
  }
  const int64_t batch = noisy.size(0);
  const int64_t columns = noisy.size(2);
  expect_shape("noise label", noise_label, {batch});
  if (conditions.context.defined() && config_.context_channels > 0) {
    expect_shape("context", conditions.context, {batch, config_.context_channels, columns});
    expect_shape("whether there is a context", conditions.present, {batch});
  }
  if (conditions.style.defined() && config_.embedding_dim > 0) {
    expect_shape("style", conditions.style, {batch, config_.embedding_dim});
    expect_shape("whether there is a style", conditions.has_style, {batch});
  }
  if (conditions.chroma.defined() && config_.chroma_channels > 0) {
    expect_shape("chroma", conditions.chroma, {batch, config_.chroma_channels, columns});
  }
}

at::Tensor UNet1D::forward(const at::Tensor& noisy, const at::Tensor& noise_label,
                           const UNet1DConditions& conditions, bool circular, const Job& job) {
  check(noisy, noise_label, conditions);
  const int64_t columns = noisy.size(2);
  const nn::CircularWidth wraps(circular);
  const Padding padding = padding_for(columns, config_.column_multiple(), circular, noisy.device());
  const at::Tensor input = extended(input_of(noisy, conditions), padding);
  const at::Tensor out = run(input, embedding_of(noise_label, conditions), job);
  return padding.index.defined() ? out.narrow(2, padding.begin, columns) : out;
}

at::Tensor UNet1D::normalise(const at::Tensor& latents) const {
  if (config_.latents_std.empty()) return latents;
  return (latents - per_channel(config_.latents_mean, latents)) /
         per_channel(config_.latents_std, latents) * config_.sigma_data;
}

at::Tensor UNet1D::denormalise(const at::Tensor& latents) const {
  if (config_.latents_std.empty()) return latents;
  return latents / config_.sigma_data * per_channel(config_.latents_std, latents) +
         per_channel(config_.latents_mean, latents);
}

void UNet1D::set_statistics(std::vector<double> mean, std::vector<double> deviation) {
  const auto expected = static_cast<size_t>(config_.in_channels);
  if (mean.size() != expected || deviation.size() != expected) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("UNet1D: statistics: expected {} channels, got {} and {}", expected,
                            mean.size(), deviation.size()));
  }
  config_.latents_mean = std::move(mean);
  config_.latents_std = std::move(deviation);
}

}  // namespace riffle::models
