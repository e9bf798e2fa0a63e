// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/autoencoder_kl.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "models/config_reader.h"

namespace riffle::models {
namespace {

constexpr int64_t kMaxChannels = 16384;
constexpr nn::Conv2dOptions kPointwise{.kernel = 1, .padding = 0};

void expect_blocks(ConfigReader& reader, const char* key, const std::string& only, size_t count) {
  const auto types = reader.texts(key, std::vector<std::string>(count, only));
  const auto other = [&](const std::string& type) { return type != only; };
  if (std::any_of(types.begin(), types.end(), other)) reader.unsupported(key, only + " only");
  if (types.size() != count) {
    reader.bad(key, fmt::format("{} blocks, as in block_out_channels", count));
  }
}

void check_picture(const char* what, const at::Tensor& x, int64_t channels, int64_t multiple) {
  const bool fits = x.dim() == 4 && x.size(1) == channels && x.numel() > 0 &&
                    x.size(2) % multiple == 0 && x.size(3) % multiple == 0;
  if (fits) return;
  throw Error(
      ErrorCode::InvalidArgument,
      fmt::format(
          "AutoencoderKL: {}: expected [B, {}, H, W] with H and W multiples of {}, got [{}]", what,
          channels, multiple, fmt::join(x.sizes(), ", ")));
}

}  // namespace

AutoencoderKLConfig AutoencoderKLConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  reader.expect("_class_name", "AutoencoderKL");
  AutoencoderKLConfig c;
  c.in_channels = reader.integer("in_channels", c.in_channels, 1, 64);
  c.out_channels = reader.integer("out_channels", c.out_channels, 1, 64);
  c.latent_channels = reader.integer("latent_channels", c.latent_channels, 1, 1024);
  c.block_out_channels =
      reader.integers("block_out_channels", c.block_out_channels, 1, kMaxChannels);
  const size_t levels = c.block_out_channels.size();
  if (levels > 8) reader.bad("block_out_channels", "at most 8 levels");
  expect_blocks(reader, "down_block_types", "DownEncoderBlock2D", levels);
  expect_blocks(reader, "up_block_types", "UpDecoderBlock2D", levels);
  c.layers_per_block = reader.integer("layers_per_block", c.layers_per_block, 1, 64);
  c.norm_num_groups = reader.integer("norm_num_groups", c.norm_num_groups, 1, kMaxChannels);
  c.sample_size = reader.integer("sample_size", c.sample_size, 1, 65536);
  c.scaling_factor = reader.number("scaling_factor", c.scaling_factor);
  if (!(c.scaling_factor > 0)) reader.bad("scaling_factor", "a positive number");
  c.use_quant_conv = reader.flag("use_quant_conv", c.use_quant_conv);
  c.use_post_quant_conv = reader.flag("use_post_quant_conv", c.use_post_quant_conv);
  c.mid_block_attention = reader.flag("mid_block_add_attention", c.mid_block_attention);
  reader.choice("act_fn", "silu", {"silu", "swish"});
  for (const char* key : {"shift_factor", "latents_mean", "latents_std"}) {
    reader.expect(key, nullptr);
  }
  reader.ignore({"force_upcast"});  // about half precision only
  reader.finish();
  return c;
}

at::Tensor LatentMoments::sample(const at::Tensor& noise) const {
  return mean + (0.5 * logvar).exp() * noise;
}

VaeEncoder::VaeEncoder(const AutoencoderKLConfig& config) {
  const auto& channels = config.block_out_channels;
  conv_in_ = register_module("conv_in",
                             std::make_shared<nn::Conv2d>(config.in_channels, channels.front()));
  down_blocks_ =
      register_module("down_blocks", std::make_shared<nn::ModuleList<nn::VaeDownBlock>>());
  for (size_t level = 0; level < channels.size(); ++level) {
    down_blocks_->add(nn::VaeBlockOptions{.in_channels = channels[level == 0 ? 0 : level - 1],
                                          .out_channels = channels[level],
                                          .layers = config.layers_per_block,
                                          .resample = level + 1 < channels.size(),
                                          .norm_groups = config.norm_num_groups});
  }
  mid_block_ = register_module(
      "mid_block", std::make_shared<nn::VaeMidBlock>(channels.back(), config.norm_num_groups,
                                                     config.mid_block_attention));
  conv_norm_out_ = register_module(
      "conv_norm_out", std::make_shared<nn::GroupNorm>(config.norm_num_groups, channels.back(),
                                                       nn::kVaeNormEpsilon));
  conv_out_ = register_module(
      "conv_out", std::make_shared<nn::Conv2d>(channels.back(), 2 * config.latent_channels));
}

at::Tensor VaeEncoder::forward(const at::Tensor& picture, const Job& job) {
  at::Tensor x = conv_in_->forward(picture);
  for (const auto& block : *down_blocks_) x = block->forward(std::move(x), job);
  x = mid_block_->forward(std::move(x), job);
  return conv_out_->forward(conv_norm_out_->forward_silu_over(std::move(x))).contiguous();
}

VaeDecoder::VaeDecoder(const AutoencoderKLConfig& config) {
  const auto& channels = config.block_out_channels;
  conv_in_ = register_module("conv_in",
                             std::make_shared<nn::Conv2d>(config.latent_channels, channels.back()));
  up_blocks_ = register_module("up_blocks", std::make_shared<nn::ModuleList<nn::VaeUpBlock>>());
  for (size_t i = 0; i < channels.size(); ++i) {
    const size_t level = channels.size() - 1 - i;
    up_blocks_->add(
        nn::VaeBlockOptions{.in_channels = channels[std::min(level + 1, channels.size() - 1)],
                            .out_channels = channels[level],
                            .layers = config.layers_per_block + 1,
                            .resample = level > 0,
                            .norm_groups = config.norm_num_groups});
  }
  mid_block_ = register_module(
      "mid_block", std::make_shared<nn::VaeMidBlock>(channels.back(), config.norm_num_groups,
                                                     config.mid_block_attention));
  conv_norm_out_ = register_module(
      "conv_norm_out", std::make_shared<nn::GroupNorm>(config.norm_num_groups, channels.front(),
                                                       nn::kVaeNormEpsilon));
  conv_out_ = register_module("conv_out",
                              std::make_shared<nn::Conv2d>(channels.front(), config.out_channels));
}

at::Tensor VaeDecoder::forward(const at::Tensor& z, const Job& job) {
  at::Tensor x = mid_block_->forward(conv_in_->forward(z), job);
  for (const auto& block : *up_blocks_) x = block->forward(std::move(x), job);
  job.check();
  return conv_out_->forward(conv_norm_out_->forward_silu_over(std::move(x))).contiguous();
}

AutoencoderKL::AutoencoderKL(const AutoencoderKLConfig& config) : config_(config) {
  const int64_t latent = config.latent_channels;
  encoder_ = register_module("encoder", std::make_shared<VaeEncoder>(config));
  decoder_ = register_module("decoder", std::make_shared<VaeDecoder>(config));
  if (config.use_quant_conv) {
    quant_conv_ = register_module("quant_conv",
                                  std::make_shared<nn::Conv2d>(2 * latent, 2 * latent, kPointwise));
  }
  if (config.use_post_quant_conv) {
    post_quant_conv_ = register_module("post_quant_conv",
                                       std::make_shared<nn::Conv2d>(latent, latent, kPointwise));
  }
}

LatentMoments AutoencoderKL::encode(const at::Tensor& picture, const Job& job) {
  check_picture("picture", picture, config_.in_channels, config_.factor());
  at::Tensor moments = encoder_->forward(picture, job);
  if (quant_conv_) moments = quant_conv_->forward(moments);
  const auto halves = moments.chunk(2, 1);
  return {.mean = halves[0], .logvar = halves[1].clamp(-30.0, 20.0)};
}

at::Tensor AutoencoderKL::decode(const at::Tensor& z, const Job& job) {
  check_picture("latents", z, config_.latent_channels, 1);
  return decoder_->forward(post_quant_conv_ ? post_quant_conv_->forward(z) : z, job);
}

}  // namespace riffle::models
