// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/vae_blocks.h"

namespace riffle::nn {
namespace {

ResnetOptions resnet_options(int64_t in_channels, int64_t out_channels, int64_t norm_groups) {
  return {.in_channels = in_channels,
          .out_channels = out_channels,
          .norm_groups = norm_groups,
          .norm_epsilon = kVaeNormEpsilon};
}

void add_resnets(ModuleList<ResnetBlock2D>& resnets, const VaeBlockOptions& options) {
  for (int64_t i = 0; i < options.layers; ++i) {
    const int64_t in_channels = i == 0 ? options.in_channels : options.out_channels;
    resnets.add(resnet_options(in_channels, options.out_channels, options.norm_groups));
  }
}

}  // namespace

VaeDownBlock::VaeDownBlock(const VaeBlockOptions& options) {
  resnets_ = register_module("resnets", std::make_shared<ModuleList<ResnetBlock2D>>());
  downsamplers_ = register_module("downsamplers", std::make_shared<ModuleList<Downsample2D>>());
  add_resnets(*resnets_, options);
  if (options.resample) downsamplers_->add(options.out_channels, 0);
}

at::Tensor VaeDownBlock::forward(at::Tensor x, const Job& job) {
  for (const auto& resnet : *resnets_) {
    job.check();
    x = resnet->forward(x);
  }
  for (const auto& downsampler : *downsamplers_) x = downsampler->forward(x);
  return x;
}

VaeUpBlock::VaeUpBlock(const VaeBlockOptions& options) {
  resnets_ = register_module("resnets", std::make_shared<ModuleList<ResnetBlock2D>>());
  upsamplers_ = register_module("upsamplers", std::make_shared<ModuleList<Upsample2D>>());
  add_resnets(*resnets_, options);
  if (options.resample) upsamplers_->add(options.out_channels);
}

at::Tensor VaeUpBlock::forward(at::Tensor x, const Job& job) {
  for (const auto& resnet : *resnets_) {
    job.check();
    x = resnet->forward(x);
  }
  job.check();
  for (const auto& upsampler : *upsamplers_) x = upsampler->forward(x);
  return x;
}

VaeMidBlock::VaeMidBlock(int64_t channels, int64_t norm_groups, bool attention) {
  attentions_ = register_module("attentions", std::make_shared<ModuleList<SpatialSelfAttention>>());
  resnets_ = register_module("resnets", std::make_shared<ModuleList<ResnetBlock2D>>());
  if (attention) attentions_->add(channels, 1, norm_groups, kVaeNormEpsilon);
  for (int i = 0; i < 2; ++i) resnets_->add(resnet_options(channels, channels, norm_groups));
}

at::Tensor VaeMidBlock::forward(at::Tensor x, const Job& job) {
  job.check();
  x = (*resnets_)[0].forward(x);
  job.check();
  for (const auto& attention : *attentions_) x = attention->forward(x);
  job.check();
  return (*resnets_)[1].forward(x);
}

}  // namespace riffle::nn
