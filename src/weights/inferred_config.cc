// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/inferred_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"

namespace riffle::weights {
namespace {

int64_t size(const TensorSource& source, const std::string& name, size_t dimension) {
  const TensorInfo& info = source.require(name);
  if (dimension >= info.shape.size()) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: \"{}\" has the unusual shape {}",
                                                source.where(), name, shape_text(info.shape)));
  }
  return info.shape[dimension];
}

// How many of format(0), format(1), ... are there; `pattern` has one {}.
int64_t count(const TensorSource& source, const std::string& pattern) {
  int64_t n = 0;
  while (source.find(fmt::format(fmt::runtime(pattern), n)) != nullptr) ++n;
  return n;
}

// Channels of each level: the first convolution of the first residual block.
std::vector<int64_t> level_channels(const TensorSource& source, const std::string& pattern) {
  std::vector<int64_t> channels;
  for (int64_t i = 0; i < count(source, pattern); ++i) {
    channels.push_back(size(source, fmt::format(fmt::runtime(pattern), i), 0));
  }
  return channels;
}

Json unet_config(const TensorSource& source) {
  const auto channels = level_channels(source, "down_blocks.{}.resnets.0.conv1.weight");
  std::vector<std::string> down;
  for (size_t i = 0; i < channels.size(); ++i) {
    const bool attends =
        source.find(fmt::format("down_blocks.{}.attentions.0.norm.weight", i)) != nullptr;
    down.push_back(attends ? "CrossAttnDownBlock2D" : "DownBlock2D");
  }
  std::vector<std::string> up;
  for (auto name = down.rbegin(); name != down.rend(); ++name) {
    up.push_back(*name == "DownBlock2D" ? "UpBlock2D" : "CrossAttnUpBlock2D");
  }
  const std::string attention = "mid_block.attentions.0.";
  return {{"_class_name", "UNet2DConditionModel"},
          {"in_channels", size(source, "conv_in.weight", 1)},
          {"out_channels", size(source, "conv_out.weight", 0)},
          {"down_block_types", down},
          {"up_block_types", up},
          {"block_out_channels", channels},
          {"layers_per_block", count(source, "down_blocks.0.resnets.{}.conv1.weight")},
          {"cross_attention_dim",
           size(source, attention + "transformer_blocks.0.attn2.to_k.weight", 1)},
          {"use_linear_projection", source.require(attention + "proj_in.weight").shape.size() == 2},
          {"attention_head_dim", 8},
          {"norm_num_groups", 32},
          {"norm_eps", 1e-5},
          {"act_fn", "silu"},
          {"flip_sin_to_cos", true},
          {"freq_shift", 0},
          {"center_input_sample", false},
          {"downsample_padding", 1},
          {"mid_block_scale_factor", 1},
          {"sample_size", 64}};
}

Json vae_config(const TensorSource& source) {
  const auto channels = level_channels(source, "encoder.down_blocks.{}.resnets.0.conv1.weight");
  return {{"_class_name", "AutoencoderKL"},
          {"in_channels", size(source, "encoder.conv_in.weight", 1)},
          {"out_channels", size(source, "decoder.conv_out.weight", 0)},
          {"down_block_types", std::vector<std::string>(channels.size(), "DownEncoderBlock2D")},
          {"up_block_types", std::vector<std::string>(channels.size(), "UpDecoderBlock2D")},
          {"block_out_channels", channels},
          {"layers_per_block", count(source, "encoder.down_blocks.0.resnets.{}.conv1.weight")},
          {"latent_channels", size(source, "post_quant_conv.weight", 1)},
          {"norm_num_groups", 32},
          {"act_fn", "silu"},
          {"scaling_factor", 0.18215},
          {"sample_size", 512}};
}

Json text_config(const TensorSource& source) {
  const std::string prefix =
      source.find("text_model.final_layer_norm.weight") != nullptr ? "text_model." : "";
  const int64_t width = size(source, prefix + "embeddings.token_embedding.weight", 1);
  Json config = {
      {"model_type", "clip_text_model"},
      {"hidden_size", width},
      {"vocab_size", size(source, prefix + "embeddings.token_embedding.weight", 0)},
      {"max_position_embeddings", size(source, prefix + "embeddings.position_embedding.weight", 0)},
      {"num_hidden_layers", count(source, prefix + "encoder.layers.{}.mlp.fc1.weight")},
      {"intermediate_size", size(source, prefix + "encoder.layers.0.mlp.fc1.weight", 0)},
      {"hidden_act", "quick_gelu"},
      {"layer_norm_eps", 1e-5}};
  if (width % 64 == 0) config["num_attention_heads"] = width / 64;
  return config;
}

}  // namespace

Json infer_config(const TensorSource& source, std::string_view part) {
  if (part == "unet") return unet_config(source);
  if (part == "vae") return vae_config(source);
  return text_config(source);
}

Json default_scheduler_config() {
  return {{"_class_name", "PNDMScheduler"},
          {"beta_start", 0.00085},
          {"beta_end", 0.012},
          {"beta_schedule", "scaled_linear"},
          {"num_train_timesteps", 1000},
          {"prediction_type", "epsilon"},
          {"skip_prk_steps", true},
          {"set_alpha_to_one", false},
          {"steps_offset", 1},
          {"clip_sample", false}};
}

}  // namespace riffle::weights
