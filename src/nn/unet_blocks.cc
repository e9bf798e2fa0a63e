// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/unet_blocks.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include "nn/activations.h"

namespace riffle::nn {
namespace {

ResnetOptions resnet_options(const UnetBlockOptions& block, int64_t in_channels) {
  return {.in_channels = in_channels,
          .out_channels = block.out_channels,
          .time_features = block.time_features,
          .norm_groups = block.norm_groups,
          .norm_epsilon = block.norm_epsilon,
          .output_scale_factor = block.output_scale_factor};
}

Transformer2DOptions transformer_options(const UnetBlockOptions& block) {
  return {.channels = block.out_channels,
          .context_features = block.context_features,
          .heads = block.heads,
          .layers = block.transformer_layers,
          .norm_groups = block.norm_groups,
          .linear_projection = block.linear_projection};
}

// [B, C, H, W] and [B, D, H, W] -> [B, C + D, H, W].
at::Tensor join(const at::Tensor& x, const at::Tensor& skip) {
  const auto channels_last = at::MemoryFormat::ChannelsLast;
  const bool packed = x.is_cpu() && !at::GradMode::is_enabled() && x.is_contiguous(channels_last);
  if (!packed || x.scalar_type() != at::kFloat) return at::cat({x, skip}, 1);
  at::Tensor out =
      activation({x.size(0), x.size(1) + skip.size(1), x.size(2), x.size(3)}, channels_last);
  return at::cat_out(out, {x, skip}, 1);
}

}  // namespace

UnetDownBlock::UnetDownBlock(const UnetBlockOptions& options) {
  resnets_ = register_module("resnets", std::make_shared<ModuleList<ResnetBlock2D>>());
  attentions_ = register_module("attentions", std::make_shared<ModuleList<Transformer2D>>());
  downsamplers_ = register_module("downsamplers", std::make_shared<ModuleList<Downsample2D>>());
  for (int64_t i = 0; i < options.layers; ++i) {
    resnets_->add(resnet_options(options, i == 0 ? options.in_channels : options.out_channels));
    if (options.heads > 0) attentions_->add(transformer_options(options));
  }
  if (options.resample) downsamplers_->add(options.out_channels, options.downsample_padding);
}

at::Tensor UnetDownBlock::run_first(int64_t count, at::Tensor x, const UnetCondition& condition,
                                    std::vector<at::Tensor>& skips) {
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    condition.job.check();
    x = (*resnets_)[i].forward(x, condition.time);
    if (!attentions_->empty()) x = (*attentions_)[i].forward(x, condition.context);
    skips.push_back(x);
  }
  return x;
}

at::Tensor UnetDownBlock::forward(at::Tensor x, const UnetCondition& condition,
                                  std::vector<at::Tensor>& skips) {
  x = run_first(static_cast<int64_t>(resnets_->size()), x, condition, skips);
  for (const auto& downsampler : *downsamplers_) {
    x = downsampler->forward(x);
    skips.push_back(x);
  }
  return x;
}

UnetMidBlock::UnetMidBlock(const UnetBlockOptions& options) {
  resnets_ = register_module("resnets", std::make_shared<ModuleList<ResnetBlock2D>>());
  attentions_ = register_module("attentions", std::make_shared<ModuleList<Transformer2D>>());
  resnets_->add(resnet_options(options, options.in_channels));
  for (int64_t i = 0; i < options.layers; ++i) {
    attentions_->add(transformer_options(options));
    resnets_->add(resnet_options(options, options.out_channels));
  }
}

at::Tensor UnetMidBlock::forward(at::Tensor x, const UnetCondition& condition) {
  x = (*resnets_)[0].forward(x, condition.time);
  for (size_t i = 0; i < attentions_->size(); ++i) {
    condition.job.check();
    x = (*attentions_)[i].forward(x, condition.context);
    x = (*resnets_)[i + 1].forward(x, condition.time);
  }
  return x;
}

UnetUpBlock::UnetUpBlock(const UnetBlockOptions& options) {
  resnets_ = register_module("resnets", std::make_shared<ModuleList<ResnetBlock2D>>());
  attentions_ = register_module("attentions", std::make_shared<ModuleList<Transformer2D>>());
  upsamplers_ = register_module("upsamplers", std::make_shared<ModuleList<Upsample2D>>());
  for (int64_t i = 0; i < options.layers; ++i) {
    const int64_t from_below = i == 0 ? options.in_channels : options.out_channels;
    const int64_t skip = i + 1 == options.layers ? options.skip_channels : options.out_channels;
    resnets_->add(resnet_options(options, from_below + skip));
    if (options.heads > 0) attentions_->add(transformer_options(options));
  }
  if (options.resample) upsamplers_->add(options.out_channels);
}

at::Tensor UnetUpBlock::run_layers(int64_t first, int64_t last, at::Tensor x,
                                   const UnetCondition& condition, std::vector<at::Tensor>& skips) {
  for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(last); ++i) {
    condition.job.check();
    x = join(x, skips.back());
    skips.pop_back();
    x = (*resnets_)[i].forward(x, condition.time);
    if (!attentions_->empty()) x = (*attentions_)[i].forward(x, condition.context);
  }
  return x;
}

at::Tensor UnetUpBlock::forward(at::Tensor x, const UnetCondition& condition,
                                std::vector<at::Tensor>& skips, std::optional<PictureSize> size) {
  x = run_layers(0, layers(), x, condition, skips);
  for (const auto& upsampler : *upsamplers_) x = upsampler->forward(x, size);
  return x;
}

}  // namespace riffle::nn
