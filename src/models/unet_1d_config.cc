// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/unet_1d_config.h"

#include <algorithm>

#include "models/config_reader.h"
#include "models/tone_rows.h"

namespace riffle::models {
namespace {

constexpr int64_t kMaxChannels = 16384;
constexpr size_t kMaxLevels = 10;

using Resample = UNet1DBlockPlan::Resample;

bool has_shortcut(const UNet1DBlockPlan& block) {
  return block.in_channels != block.out_channels || block.resample != Resample::None;
}

int64_t parameters_of(const UNet1DBlockPlan& block, const UNet1DConfig& config) {
  const int64_t in = block.in_channels;
  const int64_t out = block.out_channels;
  const int64_t affine = out * (config.scale_shift ? 2 : 1);
  int64_t count = 2 * in + (3 * in + 1) * out;       // norm0, conv0
  count += (config.time_embed_dim + 1) * affine;     // affine
  count += 2 * out + (3 * out + 1) * out;            // norm1, conv1
  if (has_shortcut(block)) count += (in + 1) * out;  // skip
  if (block.attention) count += 2 * out + 4 * (out + 1) * out;
  return count;
}

double multiplications_of(const UNet1DBlockPlan& block, int64_t columns) {
  const auto in = static_cast<double>(block.in_channels);
  const auto out = static_cast<double>(block.out_channels);
  const double time = static_cast<double>(columns) / static_cast<double>(int64_t{1} << block.level);
  double a_column = 3 * (in + out) * out;
  if (has_shortcut(block)) a_column += in * out;
  if (block.attention) a_column += 4 * out * out + 2 * time * out;
  return a_column * time;
}

template <class F>
void for_each_block(const UNet1DPlan& plan, const F& visit) {
  for (const auto* part : {&plan.down, &plan.mid, &plan.up}) {
    for (const UNet1DBlockPlan& block : *part) visit(block);
  }
}

void check(const UNet1DConfig& c, const ConfigReader& reader) {
  for (const int64_t width : c.block_out_channels) {
    if (width % 8 != 0) reader.bad("block_out_channels", "multiples of 8");
  }
  if (c.chroma_channels != 0 && c.chroma_channels != kChromaRows) {
    reader.bad("chroma_channels", "0 or 13");
  }
  if (c.attention_levels > c.levels()) {
    reader.bad("attention_levels", "at most as many as block_out_channels has levels");
  }
  for (int64_t level = 0; level < c.levels(); ++level) {
    const int64_t width = c.block_out_channels[static_cast<size_t>(level)];
    // The middle has attention whatever the levels have.
    if ((c.has_attention(level) || level + 1 == c.levels()) && width % c.attention_head_dim != 0) {
      reader.bad("attention_head_dim", "a divisor of the widths of levels with attention");
    }
  }
  if (c.noise_channels % 2 != 0) reader.bad("noise_channels", "an even number");
  if (!(c.sigma_data > 0)) reader.bad("sigma_data", "a number above 0");
  for (const double deviation : c.latents_std) {
    if (!(deviation > 0)) reader.bad("latents_std", "numbers above 0");
  }
}

}  // namespace

UNet1DConfig UNet1DConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  reader.expect("_class_name", "UNet1DModel");
  UNet1DConfig c;
  c.in_channels = reader.integer("in_channels", c.in_channels, 1, kMaxChannels);
  c.context_channels = reader.integer("context_channels", c.context_channels, 0, kMaxChannels);
  c.chroma_channels = reader.integer("chroma_channels", c.chroma_channels, 0, kChromaRows);
  c.embedding_dim = reader.integer("embedding_dim", c.embedding_dim, 0, kMaxChannels);
  c.block_out_channels =
      reader.integers("block_out_channels", c.block_out_channels, 8, kMaxChannels);
  if (c.block_out_channels.empty() || c.block_out_channels.size() > kMaxLevels) {
    reader.bad("block_out_channels", "one to ten widths");
  }
  c.layers_per_block = reader.integer("layers_per_block", c.layers_per_block, 1, 64);
  c.attention_levels =
      reader.integer("attention_levels", std::min(c.attention_levels, c.levels()), 0, kMaxLevels);
  c.attention_head_dim = reader.integer("attention_head_dim", c.attention_head_dim, 1, 4096);
  c.time_embed_dim = reader.integer("time_embed_dim", c.time_embed_dim, 1, kMaxChannels);
  c.noise_channels = reader.integer("noise_channels", c.noise_channels, 0, kMaxChannels);
  c.scale_shift =
      reader.choice("resnet_time_scale_shift", c.scale_shift ? "scale_shift" : "default",
                    {"default", "scale_shift"}) == "scale_shift";
  c.columns = reader.integer("columns", c.columns, 1, 1 << 20);
  c.sigma_data = reader.number("sigma_data", c.sigma_data);
  c.latents_mean = reader.numbers("latents_mean", c.in_channels);
  c.latents_std = reader.numbers("latents_std", c.in_channels);
  reader.finish();
  check(c, reader);
  return c;
}

Json UNet1DConfig::to_json() const {
  Json json{{"_class_name", "UNet1DModel"},
            {"in_channels", in_channels},
            {"context_channels", context_channels},
            {"chroma_channels", chroma_channels},
            {"embedding_dim", embedding_dim},
            {"block_out_channels", block_out_channels},
            {"layers_per_block", layers_per_block},
            {"attention_levels", attention_levels},
            {"attention_head_dim", attention_head_dim},
            {"time_embed_dim", time_embed_dim},
            {"noise_channels", noise_channels},
            {"resnet_time_scale_shift", scale_shift ? "scale_shift" : "default"},
            {"columns", columns},
            {"sigma_data", sigma_data}};
  if (!latents_mean.empty()) json["latents_mean"] = latents_mean;
  if (!latents_std.empty()) json["latents_std"] = latents_std;
  return json;
}

UNet1DConfig UNet1DConfig::full() {
  return {.in_channels = 64,
          .context_channels = 64,
          .embedding_dim = 512,
          .block_out_channels = {256, 512, 1024, 1024, 1024},
          .layers_per_block = 4,
          .attention_levels = 3,
          .time_embed_dim = 1024,
          .scale_shift = false,
          .columns = 128};
}

int64_t UNet1DConfig::parameters() const {
  const int64_t first = block_out_channels.front();
  int64_t count = (3 * input_channels() + 1) * first;  // conv_in
  count += (noise_features() + 1 + time_embed_dim + 1) * time_embed_dim;
  if (embedding_dim > 0) count += (embedding_dim + 1) * time_embed_dim;
  for_each_block(plan_of(*this),
                 [&](const UNet1DBlockPlan& block) { count += parameters_of(block, *this); });
  return count + 2 * first + (3 * first + 1) * in_channels;  // norm_out, conv_out
}

double UNet1DConfig::multiplications(int64_t at_columns) const {
  const auto ends = static_cast<double>((input_channels() + in_channels) * 3);
  double count =
      ends * static_cast<double>(block_out_channels.front()) * static_cast<double>(at_columns);
  for_each_block(plan_of(*this), [&](const UNet1DBlockPlan& block) {
    count += multiplications_of(block, at_columns);
  });
  return count;
}

// Song et al. 2021 (DDPM++) as Karras et al. 2022 build it, with one dimension.
UNet1DPlan plan_of(const UNet1DConfig& c) {
  UNet1DPlan plan;
  std::vector<int64_t> kept{c.block_out_channels.front()};
  int64_t width = kept.front();
  const auto add_down = [&](const UNet1DBlockPlan& block) {
    plan.down.push_back(block);
    width = block.out_channels;
    kept.push_back(width);
  };
  for (int64_t level = 0; level < c.levels(); ++level) {
    if (level > 0) add_down({width, width, level, Resample::Down, false});
    for (int64_t i = 0; i < c.layers_per_block; ++i) {
      add_down({width, c.block_out_channels[static_cast<size_t>(level)], level, Resample::None,
                c.has_attention(level)});
    }
  }
  const int64_t deepest = c.levels() - 1;
  plan.mid = {{width, width, deepest, Resample::None, true},
              {width, width, deepest, Resample::None, false}};
  for (int64_t level = deepest; level >= 0; --level) {
    if (level < deepest) plan.up.push_back({width, width, level, Resample::Up, false});
    for (int64_t i = 0; i <= c.layers_per_block; ++i) {
      const int64_t next = c.block_out_channels[static_cast<size_t>(level)];
      plan.up.push_back({width + kept.back(), next, level, Resample::None,
                         i == c.layers_per_block && c.has_attention(level)});
      kept.pop_back();
      width = next;
    }
  }
  return plan;
}

}  // namespace riffle::models
