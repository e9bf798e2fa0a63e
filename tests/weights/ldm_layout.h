// SPDX-License-Identifier: GPL-3.0-or-later
// The LDM names of a model, made by walking its blocks in the order in which the latent diffusion
// code builds them: the other direction than the reader's name maps, and by other means.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace riffle::weights {

// diffusers prefix -> LDM prefix
using Prefixes = std::vector<std::pair<std::string, std::string>>;

inline Prefixes ldm_unet_prefixes(int levels, int layers, const std::vector<bool>& attends) {
  Prefixes p = {{"conv_in", "input_blocks.0.0"},
                {"time_embedding.linear_1", "time_embed.0"},
                {"time_embedding.linear_2", "time_embed.2"},
                {"conv_norm_out", "out.0"},
                {"conv_out", "out.2"},
                {"mid_block.resnets.0", "middle_block.0"},
                {"mid_block.attentions.0", "middle_block.1"},
                {"mid_block.resnets.1", "middle_block.2"}};
  int index = 1;
  for (int level = 0; level < levels; ++level) {
    for (int layer = 0; layer < layers; ++layer, ++index) {
      p.emplace_back(fmt::format("down_blocks.{}.resnets.{}", level, layer),
                     fmt::format("input_blocks.{}.0", index));
      p.emplace_back(fmt::format("down_blocks.{}.attentions.{}", level, layer),
                     fmt::format("input_blocks.{}.1", index));
    }
    if (level + 1 < levels) {
      p.emplace_back(fmt::format("down_blocks.{}.downsamplers.0.conv", level),
                     fmt::format("input_blocks.{}.0.op", index++));
    }
  }
  index = 0;
  for (int up = 0; up < levels; ++up) {
    const bool attention = attends[static_cast<size_t>(levels - 1 - up)];
    for (int layer = 0; layer <= layers; ++layer, ++index) {
      p.emplace_back(fmt::format("up_blocks.{}.resnets.{}", up, layer),
                     fmt::format("output_blocks.{}.0", index));
      p.emplace_back(fmt::format("up_blocks.{}.attentions.{}", up, layer),
                     fmt::format("output_blocks.{}.1", index));
    }
    p.emplace_back(fmt::format("up_blocks.{}.upsamplers.0", up),
                   fmt::format("output_blocks.{}.{}", index - 1, attention ? 2 : 1));
  }
  return p;
}

inline Prefixes ldm_vae_prefixes(int levels, int layers) {
  Prefixes p = {{"quant_conv", "quant_conv"}, {"post_quant_conv", "post_quant_conv"}};
  for (const std::string side : {"encoder", "decoder"}) {
    const bool down = side == "encoder";
    for (const char* end : {"conv_in", "conv_out"})
      p.emplace_back(side + "." + end, side + "." + end);
    p.emplace_back(side + ".conv_norm_out", side + ".norm_out");
    p.emplace_back(side + ".mid_block.resnets.0", side + ".mid.block_1");
    p.emplace_back(side + ".mid_block.resnets.1", side + ".mid.block_2");
    p.emplace_back(side + ".mid_block.attentions.0", side + ".mid.attn_1");
    for (int level = 0; level < levels; ++level) {
      const std::string ours = fmt::format("{}.{}_blocks.{}", side, down ? "down" : "up", level);
      const std::string theirs =
          fmt::format("{}.{}.{}", side, down ? "down" : "up", down ? level : levels - 1 - level);
      for (int layer = 0; layer <= layers; ++layer) {
        p.emplace_back(fmt::format("{}.resnets.{}", ours, layer),
                       fmt::format("{}.block.{}", theirs, layer));
      }
      p.emplace_back(ours + (down ? ".downsamplers.0" : ".upsamplers.0"),
                     theirs + (down ? ".downsample" : ".upsample"));
    }
  }
  return p;
}

// Names inside a block; the rest are the same in both.
inline const Prefixes& ldm_members(bool vae) {
  static const Prefixes unet = {
      {".norm1.", ".in_layers.0."},          {".conv1.", ".in_layers.2."},
      {".time_emb_proj.", ".emb_layers.1."}, {".norm2.", ".out_layers.0."},
      {".conv2.", ".out_layers.3."},         {".conv_shortcut.", ".skip_connection."}};
  static const Prefixes autoencoder = {{".conv_shortcut.", ".nin_shortcut."},
                                       {".group_norm.", ".norm."},
                                       {".query.", ".q."},
                                       {".key.", ".k."},
                                       {".value.", ".v."},
                                       {".proj_attn.", ".proj_out."}};
  return vae ? autoencoder : unet;
}

// Empty when no prefix fits.
inline std::string ldm_name(const std::string& name, const Prefixes& prefixes, bool vae) {
  for (const auto& [ours, theirs] : prefixes) {
    if (!name.starts_with(ours + ".")) continue;
    std::string rest = name.substr(ours.size());
    const bool inside_block = ours.find(vae ? "block" : "resnets") != std::string::npos;
    for (const auto& [from, to] : ldm_members(vae)) {
      if (inside_block && rest.starts_with(from)) return theirs + to + rest.substr(from.size());
    }
    return theirs + rest;
  }
  return {};
}

}  // namespace riffle::weights
