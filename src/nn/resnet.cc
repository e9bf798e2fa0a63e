// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/resnet.h"

#include <utility>

namespace riffle::nn {

ResnetBlock2D::ResnetBlock2D(const ResnetOptions& options)
    : output_scale_factor_(options.output_scale_factor) {
  const int64_t in = options.in_channels;
  const int64_t out = options.out_channels;
  norm1_ = register_module(
      "norm1", std::make_shared<GroupNorm>(options.norm_groups, in, options.norm_epsilon));
  conv1_ = register_module("conv1", std::make_shared<Conv2d>(in, out));
  if (options.time_features > 0) {
    time_emb_proj_ =
        register_module("time_emb_proj", std::make_shared<Linear>(options.time_features, out));
  }
  norm2_ = register_module(
      "norm2", std::make_shared<GroupNorm>(options.norm_groups, out, options.norm_epsilon));
  conv2_ = register_module("conv2", std::make_shared<Conv2d>(out, out));
  if (in != out) {
    const Conv2dOptions pointwise{.kernel = 1, .padding = 0};
    conv_shortcut_ = register_module("conv_shortcut", std::make_shared<Conv2d>(in, out, pointwise));
  }
}

at::Tensor ResnetBlock2D::forward(const at::Tensor& x, const at::Tensor& time) {
  Conv2dExtras with_time;
  if (time_emb_proj_) with_time.item_bias = time_emb_proj_->forward(time);
  at::Tensor h = conv1_->forward(norm1_->forward_silu(x), with_time);
  const at::Tensor skip = conv_shortcut_ ? conv_shortcut_->forward(x) : x;
  h = norm2_->forward_silu_over(std::move(h));
  h = conv2_->forward(h, {.residual = skip});
  return output_scale_factor_ == 1 ? h : h / output_scale_factor_;
}

Downsample2D::Downsample2D(int64_t channels, int64_t padding) {
  const Conv2dOptions options{
      .stride = 2, .padding = padding, .extra_end_padding = padding == 0 ? 1 : 0};
  conv_ = register_module("conv", std::make_shared<Conv2d>(channels, channels, options));
}

at::Tensor Downsample2D::forward(const at::Tensor& x) { return conv_->forward(x); }

Upsample2D::Upsample2D(int64_t channels) {
  conv_ = register_module("conv", std::make_shared<Conv2d>(channels, channels));
}

at::Tensor Upsample2D::forward(const at::Tensor& x, std::optional<PictureSize> size) {
  return conv_->forward(x, {.enlarge = size.value_or(PictureSize{2 * x.size(2), 2 * x.size(3)})});
}

}  // namespace riffle::nn
