// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/transformer.h"

namespace riffle::nn {

FeedForward::FeedForward(int64_t features) {
  const auto net = register_module("net", std::make_shared<torch::nn::Module>());
  const auto first = net->register_module("0", std::make_shared<torch::nn::Module>());
  gated_ = first->register_module("proj", std::make_shared<GatedLinear>(features, 4 * features));
  out_ = net->register_module("2", std::make_shared<Linear>(4 * features, features));
}

at::Tensor FeedForward::forward(const at::Tensor& x, const at::Tensor& residual) {
  return out_->forward(gated_->forward(x), residual);
}

BasicTransformerBlock::BasicTransformerBlock(int64_t features, int64_t context_features,
                                             int64_t heads) {
  norm1_ = register_module("norm1", std::make_shared<LayerNorm>(features));
  attn1_ = register_module("attn1", std::make_shared<CrossAttention>(features, features, heads));
  norm2_ = register_module("norm2", std::make_shared<LayerNorm>(features));
  attn2_ =
      register_module("attn2", std::make_shared<CrossAttention>(features, context_features, heads));
  norm3_ = register_module("norm3", std::make_shared<LayerNorm>(features));
  ff_ = register_module("ff", std::make_shared<FeedForward>(features));
}

at::Tensor BasicTransformerBlock::forward(const at::Tensor& x, const at::Tensor& context) {
  const at::Tensor normed = norm1_->forward(x);
  at::Tensor h = attn1_->forward(normed, normed, x);
  h = attn2_->forward(norm2_->forward(h), context, h);
  return ff_->forward(norm3_->forward(h), h);
}

Transformer2D::Transformer2D(const Transformer2DOptions& options) {
  const int64_t channels = options.channels;
  norm_ = register_module("norm", std::make_shared<GroupNorm>(options.norm_groups, channels, 1e-6));
  const Conv2dOptions pointwise{.kernel = 1, .padding = 0};
  if (options.linear_projection) {
    linear_in_ = register_module("proj_in", std::make_shared<Linear>(channels, channels));
  } else {
    conv_in_ = register_module("proj_in", std::make_shared<Conv2d>(channels, channels, pointwise));
  }
  blocks_ =
      register_module("transformer_blocks", std::make_shared<ModuleList<BasicTransformerBlock>>());
  for (int64_t i = 0; i < options.layers; ++i) {
    blocks_->add(channels, options.context_features, options.heads);
  }
  if (options.linear_projection) {
    linear_out_ = register_module("proj_out", std::make_shared<Linear>(channels, channels));
  } else {
    conv_out_ =
        register_module("proj_out", std::make_shared<Conv2d>(channels, channels, pointwise));
  }
}

at::Tensor Transformer2D::forward(const at::Tensor& x, const at::Tensor& context) {
  at::Tensor h = norm_->forward(x);
  h = conv_in_ ? to_sequence(conv_in_->forward(h)) : linear_in_->forward(to_sequence(h));
  for (const auto& block : *blocks_) h = block->forward(h, context);
  if (conv_out_) {
    return conv_out_->forward(to_picture(h, x.size(2), x.size(3)), {.residual = x});
  }
  return to_picture(linear_out_->forward(h, to_sequence(x)), x.size(2), x.size(3));
}

}  // namespace riffle::nn
