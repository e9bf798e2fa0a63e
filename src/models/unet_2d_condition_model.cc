// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/unet_2d_condition_model.h"

#include <ATen/ops/silu.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "models/config_reader.h"

namespace riffle::models {
namespace {

constexpr int64_t kMaxChannels = 16384;

// Which of the level's blocks have attention, from their types.
std::vector<bool> attention_flags(ConfigReader& reader, const char* key, const std::string& plain,
                                  const std::string& crossed, const std::vector<bool>& fallback) {
  std::vector<std::string> names;
  for (const bool attention : fallback) names.push_back(attention ? crossed : plain);
  std::vector<bool> flags;
  for (const std::string& type : reader.texts(key, names)) {
    if (type != plain && type != crossed) reader.unsupported(key, plain + " or " + crossed);
    flags.push_back(type == crossed);
  }
  return flags;
}

// Fields of later diffusers versions, at the values under which the network is the one implemented
// here.
void expect_plain_architecture(ConfigReader& reader) {
  for (const char* key : {"only_cross_attention", "dual_cross_attention", "class_embeddings_concat",
                          "resnet_skip_time_act", "mid_block_only_cross_attention"}) {
    reader.expect(key, false);
  }
  for (const char* key :
       {"addition_embed_type", "addition_time_embed_dim", "num_class_embeds", "encoder_hid_dim",
        "encoder_hid_dim_type", "time_embedding_dim", "time_embedding_act_fn", "timestep_post_act",
        "time_cond_proj_dim", "cross_attention_norm", "reverse_transformer_layers_per_block"}) {
    reader.expect(key, nullptr);
  }
  reader.expect("resnet_time_scale_shift", "default");
  reader.expect("resnet_out_scale_factor", 1.0);
  reader.expect("time_embedding_type", "positional");
  reader.expect("conv_in_kernel", 3);
  reader.expect("conv_out_kernel", 3);
  reader.expect("attention_type", "default");
  reader.expect("dropout", 0.0);
  // upcast_attention is about half precision only; the head counts of addition embeddings need such
  // embeddings.
  reader.ignore({"upcast_attention", "addition_embed_type_num_heads"});
}

// Whether what an earlier evaluation left is for latents of this shape, type and place.
bool fits(const at::Tensor& deep, const at::Tensor& x) {
  return deep.defined() && deep.size(0) == x.size(0) && deep.size(2) == x.size(2) &&
         deep.size(3) == x.size(3) && deep.options().type_equal(x.options());
}

}  // namespace

UNet2DConditionConfig UNet2DConditionConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  reader.expect("_class_name", "UNet2DConditionModel");
  UNet2DConditionConfig c;
  c.sample_size = reader.integer("sample_size", c.sample_size, 1, 8192);
  c.in_channels = reader.integer("in_channels", c.in_channels, 1, kMaxChannels);
  c.out_channels = reader.integer("out_channels", c.out_channels, 1, kMaxChannels);
  c.center_input_sample = reader.flag("center_input_sample", c.center_input_sample);
  c.flip_sin_to_cos = reader.flag("flip_sin_to_cos", c.flip_sin_to_cos);
  c.freq_shift = reader.number("freq_shift", c.freq_shift);
  c.down_attention = attention_flags(reader, "down_block_types", "DownBlock2D",
                                     "CrossAttnDownBlock2D", c.down_attention);
  c.up_attention =
      attention_flags(reader, "up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", c.up_attention);
  const size_t levels = c.down_attention.size();
  c.block_out_channels =
      reader.integers("block_out_channels", c.block_out_channels, 1, kMaxChannels);
  if (levels == 0) reader.bad("down_block_types", "at least one block");
  if (c.up_attention.size() != levels) {
    reader.bad("up_block_types", fmt::format("{} blocks, as in down_block_types", levels));
  }
  if (c.block_out_channels.size() != levels) {
    reader.bad("block_out_channels", fmt::format("{} values, as in down_block_types", levels));
  }
  // An explicit null means none, as in the distilled BK-SDM-Tiny; old files lack the field.
  c.mid_block = !(json.contains("mid_block_type") && json.at("mid_block_type").is_null());
  reader.expect("mid_block_type", "UNetMidBlock2DCrossAttn");
  c.layers_per_block = reader.integers_per_level("layers_per_block", 2, levels, 1, 64);
  // diffusers calls the number of heads attention_head_dim; num_attention_heads, where set, says it
  // properly.
  c.heads = reader.integers_per_level("attention_head_dim", 8, levels, 1, kMaxChannels);
  if (json.contains("num_attention_heads") && !json.at("num_attention_heads").is_null()) {
    c.heads = reader.integers_per_level("num_attention_heads", 8, levels, 1, kMaxChannels);
  }
  c.transformer_layers_per_block =
      reader.integers_per_level("transformer_layers_per_block", 1, levels, 1, 64);
  c.cross_attention_dim =
      reader.integer("cross_attention_dim", c.cross_attention_dim, 1, kMaxChannels);
  c.use_linear_projection = reader.flag("use_linear_projection", c.use_linear_projection);
  c.downsample_padding = reader.integer("downsample_padding", c.downsample_padding, 0, 1);
  c.mid_block_scale_factor = reader.number("mid_block_scale_factor", c.mid_block_scale_factor);
  c.norm_num_groups = reader.integer("norm_num_groups", c.norm_num_groups, 1, kMaxChannels);
  c.norm_eps = reader.number("norm_eps", c.norm_eps);
  reader.choice("act_fn", "silu", {"silu", "swish"});
  if (reader.choice("class_embed_type", "", {"", "projection"}) == "projection") {
    c.projection_class_embeddings_input_dim =
        reader.integer("projection_class_embeddings_input_dim", 0, 1, kMaxChannels);
  } else {
    reader.expect("projection_class_embeddings_input_dim", nullptr);
  }
  expect_plain_architecture(reader);
  reader.finish();
  return c;
}

UNet2DConditionModel::UNet2DConditionModel(const UNet2DConditionConfig& config) : config_(config) {
  const int64_t finest = config.block_out_channels.front();
  const int64_t coarsest = config.block_out_channels.back();
  conv_in_ = register_module("conv_in", std::make_shared<nn::Conv2d>(config.in_channels, finest));
  time_embedding_ = register_module("time_embedding",
                                    std::make_shared<nn::TimestepEmbedding>(finest, 4 * finest));
  if (config.projection_class_embeddings_input_dim > 0) {
    class_embedding_ = register_module(
        "class_embedding", std::make_shared<nn::TimestepEmbedding>(
                               config.projection_class_embeddings_input_dim, 4 * finest));
  }
  down_blocks_ =
      register_module("down_blocks", std::make_shared<nn::ModuleList<nn::UnetDownBlock>>());
  up_blocks_ = register_module("up_blocks", std::make_shared<nn::ModuleList<nn::UnetUpBlock>>());
  build_down_blocks();
  if (config.mid_block) {
    auto options = block_options(config.block_out_channels.size() - 1, true);
    options.in_channels = options.out_channels = coarsest;
    options.layers = 1;
    options.output_scale_factor = config.mid_block_scale_factor;
    mid_block_ = register_module("mid_block", std::make_shared<nn::UnetMidBlock>(options));
  }
  build_up_blocks();
  conv_norm_out_ = register_module(
      "conv_norm_out",
      std::make_shared<nn::GroupNorm>(config.norm_num_groups, finest, config.norm_eps));
  conv_out_ =
      register_module("conv_out", std::make_shared<nn::Conv2d>(finest, config.out_channels));
}

nn::UnetBlockOptions UNet2DConditionModel::block_options(size_t level, bool attention) const {
  return {.out_channels = config_.block_out_channels[level],
          .layers = config_.layers_per_block[level],
          .downsample_padding = config_.downsample_padding,
          .time_features = 4 * config_.block_out_channels.front(),
          .norm_groups = config_.norm_num_groups,
          .norm_epsilon = config_.norm_eps,
          .heads = attention ? config_.heads[level] : 0,
          .transformer_layers = config_.transformer_layers_per_block[level],
          .context_features = config_.cross_attention_dim,
          .linear_projection = config_.use_linear_projection};
}

void UNet2DConditionModel::build_down_blocks() {
  const auto& channels = config_.block_out_channels;
  for (size_t level = 0; level < channels.size(); ++level) {
    auto options = block_options(level, config_.down_attention[level]);
    options.in_channels = level == 0 ? channels[0] : channels[level - 1];
    options.resample = level + 1 < channels.size();
    down_blocks_->add(options);
  }
}

void UNet2DConditionModel::build_up_blocks() {
  const auto& channels = config_.block_out_channels;
  const size_t levels = channels.size();
  for (size_t i = 0; i < levels; ++i) {
    const size_t level = levels - 1 - i;
    auto options = block_options(level, config_.up_attention[i]);
    options.in_channels = channels[std::min(level + 1, levels - 1)];
    options.skip_channels = channels[level == 0 ? 0 : level - 1];
    options.layers += 1;
    options.resample = level > 0;
    up_blocks_->add(options);
  }
}

void UNet2DConditionModel::check_shapes(const at::Tensor& sample, const at::Tensor& timesteps,
                                        const at::Tensor& context) const {
  const auto refuse = [](const char* what, const std::string& expected, const at::Tensor& got) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("UNet2DConditionModel: {}: expected {}, got [{}]", what, expected,
                            fmt::join(got.sizes(), ", ")));
  };
  if (sample.dim() != 4 || sample.size(1) != config_.in_channels || sample.numel() == 0) {
    refuse("sample", fmt::format("[B, {}, H, W]", config_.in_channels), sample);
  }
  if (timesteps.dim() != 1 || (timesteps.size(0) != 1 && timesteps.size(0) != sample.size(0))) {
    refuse("timesteps", fmt::format("[{}] or [1]", sample.size(0)), timesteps);
  }
  if (context.dim() != 3 || context.size(0) != sample.size(0) ||
      context.size(2) != config_.cross_attention_dim || context.size(1) == 0) {
    refuse("context", fmt::format("[{}, T, {}]", sample.size(0), config_.cross_attention_dim),
           context);
  }
}

void UNet2DConditionModel::check_summary(const at::Tensor& sample,
                                         const at::Tensor& summary) const {
  const int64_t features = config_.projection_class_embeddings_input_dim;
  const bool fits = features == 0
                        ? !summary.defined()
                        : summary.defined() && summary.dim() == 2 &&
                              summary.size(0) == sample.size(0) && summary.size(1) == features;
  if (fits) return;
  throw Error(
      ErrorCode::InvalidArgument,
      fmt::format(
          "UNet2DConditionModel: summary: expected {}, got {}",
          features == 0 ? "none" : fmt::format("[{}, {}]", sample.size(0), features),
          summary.defined() ? fmt::format("[{}]", fmt::join(summary.sizes(), ", ")) : "none"));
}

nn::UnetCondition UNet2DConditionModel::embed(const at::Tensor& sample, const at::Tensor& timesteps,
                                              const at::Tensor& context,
                                              const at::Tensor& summary) {
  const nn::SinusoidOptions options{.features = config_.block_out_channels.front(),
                                    .cosine_first = config_.flip_sin_to_cos,
                                    .frequency_shift = config_.freq_shift};
  const at::Tensor sinusoids =
      nn::timestep_sinusoids(timesteps.to(sample.device()), options).to(sample.scalar_type());
  at::Tensor embedding = time_embedding_->forward(sinusoids);
  if (class_embedding_) embedding = embedding + class_embedding_->forward(summary);
  const at::Tensor time = at::silu(embedding);
  return {.time = time.expand({sample.size(0), time.size(1)}), .context = context};
}

at::Tensor UNet2DConditionModel::run_deep(at::Tensor x, const nn::UnetCondition& condition,
                                          int64_t last_layer, std::vector<at::Tensor>& skips) {
  for (const auto& block : *down_blocks_) x = block->forward(x, condition, skips);
  if (mid_block_) x = mid_block_->forward(x, condition);
  const size_t finest = up_blocks_->size() - 1;
  for (size_t i = 0; i < finest; ++i) {
    // A block's upsampler has to meet the size of the skip that the next block takes first: with
    // odd sizes that is not twice its input.
    const auto taken = static_cast<size_t>((*up_blocks_)[i].layers());
    const at::Tensor& next = skips[skips.size() - 1 - taken];
    const nn::PictureSize size{next.size(2), next.size(3)};
    x = (*up_blocks_)[i].forward(x, condition, skips, size);
  }
  return (*up_blocks_)[finest].run_layers(0, last_layer, x, condition, skips);
}

at::Tensor UNet2DConditionModel::forward(const at::Tensor& sample, const at::Tensor& timesteps,
                                         const at::Tensor& context, const Job& job,
                                         StepCache* cache, const at::Tensor& summary) {
  check_shapes(sample, timesteps, context);
  check_summary(sample, summary);
  nn::UnetCondition condition = embed(sample, timesteps, context, summary);
  condition.job = job;
  at::Tensor x = conv_in_->forward(config_.center_input_sample ? 2 * sample - 1.0 : sample);
  std::vector<at::Tensor> skips = {x};
  nn::UnetUpBlock& finest = (*up_blocks_)[up_blocks_->size() - 1];
  const int64_t kept = cache ? std::clamp<int64_t>(cache->layers, 0, finest.layers() - 1) : 0;
  const int64_t first = finest.layers() - 1 - kept;
  if (cache && cache->shallow && fits(cache->deep, x)) {
    (*down_blocks_)[0].run_first(kept, x, condition, skips);
    x = cache->deep;
    ++cache->shallow_evaluations;
  } else {
    x = run_deep(x, condition, first, skips);
    if (cache) {
      cache->deep = x;
      ++cache->full_evaluations;
    }
  }
  x = finest.run_layers(first, finest.layers(), x, condition, skips);
  return conv_out_->forward(conv_norm_out_->forward_silu(x)).contiguous();
}

}  // namespace riffle::models
