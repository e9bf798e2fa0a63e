// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/ldm_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>
#include <vector>

#include "core/error.h"

namespace riffle::weights {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUNet = "model.diffusion_model.";
constexpr std::string_view kVae = "first_stage_model.";
constexpr std::string_view kText = "cond_stage_model.transformer.";
constexpr std::string_view kOpenClip = "cond_stage_model.model.";

using Components = std::vector<std::string_view>;
using Rest = std::span<const std::string_view>;

Components split(std::string_view name) {
  Components parts;
  while (true) {
    const size_t dot = name.find('.');
    parts.push_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    name.remove_prefix(dot + 1);
  }
}

std::string join(Rest parts) { return fmt::format("{}", fmt::join(parts, ".")); }

// -1 when it is no number.
int64_t number(std::string_view text) {
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

// The replacement for the longest row that `parts` begins with, followed by what is left.
template <size_t N>
std::optional<std::string> replace_front(
    Rest parts, const std::array<std::pair<std::string_view, std::string_view>, N>& rows) {
  const std::string name = join(parts);
  for (const auto& [from, to] : rows) {
    if (name.starts_with(from) && name.size() > from.size() && name[from.size()] == '.') {
      return std::string(to).append(name.substr(from.size()));
    }
  }
  return std::nullopt;
}

std::optional<std::string> prefixed(std::string prefix, const std::optional<std::string>& rest) {
  return rest ? std::optional(std::move(prefix.append(".").append(*rest))) : std::nullopt;
}

std::optional<std::string> unet_resnet(Rest rest) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kRows{{
      {"in_layers.0"sv, "norm1"sv},
      {"in_layers.2"sv, "conv1"sv},
      {"emb_layers.1"sv, "time_emb_proj"sv},
      {"out_layers.0"sv, "norm2"sv},
      {"out_layers.3"sv, "conv2"sv},
      {"skip_connection"sv, "conv_shortcut"sv},
  }};
  return replace_front(rest, kRows);
}

// input_blocks.0.0 is the first convolution; then each level has `layers` blocks and, but for the
// last, a downsampler.
std::optional<std::string> unet_input(int64_t index, std::string_view member, Rest rest,
                                      int64_t layers) {
  if (index == 0) return prefixed("conv_in", join(rest));
  const int64_t level = (index - 1) / (layers + 1);
  const int64_t layer = (index - 1) % (layers + 1);
  if (layer == layers) {
    return rest[0] == "op" ? prefixed(fmt::format("down_blocks.{}.downsamplers.0.conv", level),
                                      join(rest.subspan(1)))
                           : std::nullopt;
  }
  return member == "0"
             ? prefixed(fmt::format("down_blocks.{}.resnets.{}", level, layer), unet_resnet(rest))
             : prefixed(fmt::format("down_blocks.{}.attentions.{}", level, layer), join(rest));
}

// Each level has layers + 1 blocks; the upsampler is the last member of the level's last block.
std::optional<std::string> unet_output(int64_t index, std::string_view member, Rest rest,
                                       int64_t layers) {
  const int64_t level = index / (layers + 1);
  const int64_t layer = index % (layers + 1);
  if (member == "0")
    return prefixed(fmt::format("up_blocks.{}.resnets.{}", level, layer), unet_resnet(rest));
  if (rest[0] == "conv")
    return prefixed(fmt::format("up_blocks.{}.upsamplers.0", level), join(rest));
  return prefixed(fmt::format("up_blocks.{}.attentions.{}", level, layer), join(rest));
}

std::optional<std::string> unet_middle(std::string_view member, Rest rest) {
  if (member == "0") return prefixed("mid_block.resnets.0", unet_resnet(rest));
  if (member == "1") return prefixed("mid_block.attentions.0", join(rest));
  if (member == "2") return prefixed("mid_block.resnets.1", unet_resnet(rest));
  return std::nullopt;
}

std::optional<std::string> vae_resnet(Rest rest) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kRows{{
      {"norm1"sv, "norm1"sv},
      {"conv1"sv, "conv1"sv},
      {"norm2"sv, "norm2"sv},
      {"conv2"sv, "conv2"sv},
      {"nin_shortcut"sv, "conv_shortcut"sv},
  }};
  return replace_front(rest, kRows);
}

std::optional<std::string> vae_middle(std::string_view member, Rest rest) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kAttention{{
      {"norm"sv, "group_norm"sv},
      {"q"sv, "to_q"sv},
      {"k"sv, "to_k"sv},
      {"v"sv, "to_v"sv},
      {"proj_out"sv, "to_out.0"sv},
  }};
  if (member == "block_1") return prefixed("mid_block.resnets.0", vae_resnet(rest));
  if (member == "block_2") return prefixed("mid_block.resnets.1", vae_resnet(rest));
  if (member == "attn_1")
    return prefixed("mid_block.attentions.0", replace_front(rest, kAttention));
  return std::nullopt;
}

// What follows "encoder." or "decoder.". The decoder counts its levels from the finest.
std::optional<std::string> vae_side(Rest parts, int64_t levels) {
  if (parts.size() < 2) return std::nullopt;
  if (parts[0] == "conv_in" || parts[0] == "conv_out") return join(parts);
  if (parts[0] == "norm_out") return prefixed("conv_norm_out", join(parts.subspan(1)));
  if (parts.size() < 4) return std::nullopt;
  if (parts[0] == "mid") return vae_middle(parts[1], parts.subspan(2));
  const bool down = parts[0] == "down";
  const int64_t level = number(parts[1]);
  if ((!down && parts[0] != "up") || level < 0 || level >= levels) return std::nullopt;
  const std::string block =
      down ? fmt::format("down_blocks.{}", level) : fmt::format("up_blocks.{}", levels - 1 - level);
  if (parts[2] == "block")
    return prefixed(fmt::format("{}.resnets.{}", block, parts[3]), vae_resnet(parts.subspan(4)));
  if (parts[2] == (down ? "downsample" : "upsample")) {
    return prefixed(fmt::format("{}.{}samplers.0", block, parts[0]), join(parts.subspan(3)));
  }
  return std::nullopt;
}

// The largest number following `prefix` in any name, plus one; 0 when there is none.
int64_t count_after(const TensorSource& source, std::string_view prefix) {
  int64_t count = 0;
  for (const TensorInfo& info : source.tensors()) {
    if (!info.name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(info.name).substr(prefix.size());
    count = std::max(count, number(rest.substr(0, rest.find('.'))) + 1);
  }
  return count;
}

// The first block that only halves the resolution comes after one level's layers.
int64_t layers_per_block(const TensorSource& unet) {
  const int64_t blocks = count_after(unet, "input_blocks.");
  for (int64_t i = 1; i < blocks; ++i) {
    if (unet.find(fmt::format("input_blocks.{}.0.op.weight", i)) != nullptr) return i - 1;
  }
  return std::max<int64_t>(blocks - 1, 1);  // one level only
}

template <class Rename>
TensorSourcePtr rename_all(TensorSourcePtr part, const Rename& rename) {
  NamePairs names;
  for (const TensorInfo& info : part->tensors()) {
    names.emplace_back(rename(info.name).value_or(info.name), info.name);
  }
  return renamed(std::move(part), names);
}

bool has_prefix(const TensorSource& source, std::string_view prefix) {
  const auto& all = source.tensors();
  return std::any_of(all.begin(), all.end(),
                     [&](const TensorInfo& i) { return i.name.starts_with(prefix); });
}

}  // namespace

std::optional<std::string> unet_name_from_ldm(std::string_view name, int64_t layers) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kEnds{{
      {"time_embed.0"sv, "time_embedding.linear_1"sv},
      {"time_embed.2"sv, "time_embedding.linear_2"sv},
      {"out.0"sv, "conv_norm_out"sv},
      {"out.2"sv, "conv_out"sv},
  }};
  const Components parts = split(name);
  if (auto end = replace_front(parts, kEnds)) return end;
  const Rest all = parts;
  if (parts.size() >= 3 && parts[0] == "middle_block") return unet_middle(parts[1], all.subspan(2));
  if (parts.size() < 4) return std::nullopt;
  const int64_t index = number(parts[1]);
  if (index < 0) return std::nullopt;
  if (parts[0] == "input_blocks") return unet_input(index, parts[2], all.subspan(3), layers);
  if (parts[0] == "output_blocks") return unet_output(index, parts[2], all.subspan(3), layers);
  return std::nullopt;
}

std::optional<std::string> vae_name_from_ldm(std::string_view name, int64_t levels) {
  const Components parts = split(name);
  if (parts[0] == "quant_conv" || parts[0] == "post_quant_conv") return std::string(name);
  if (parts[0] != "encoder" && parts[0] != "decoder") return std::nullopt;
  return prefixed(std::string(parts[0]), vae_side(Rest(parts).subspan(1), levels));
}

bool is_ldm_checkpoint(const TensorSource& source) { return has_prefix(source, kUNet); }

TensorSourcePtr ldm_part(const TensorSourcePtr& checkpoint, std::string_view part) {
  const std::string_view prefix = part == "unet" ? kUNet : part == "vae" ? kVae : kText;
  if (!has_prefix(*checkpoint, prefix)) {
    if (part == "text_encoder" && has_prefix(*checkpoint, kOpenClip)) {
      throw Error(ErrorCode::Unsupported,
                  fmt::format("{}: its text encoder is OpenCLIP's, of Stable Diffusion 2",
                              checkpoint->where()),
                  "models of Stable Diffusion 1's shape are supported");
    }
    throw Error(ErrorCode::BadFile, fmt::format("{}: holds no {} (no name begins with \"{}\")",
                                                checkpoint->where(), part, prefix));
  }
  TensorSourcePtr source = without_prefix(checkpoint, prefix);
  if (part == "unet") {
    const int64_t layers = layers_per_block(*source);
    return rename_all(std::move(source),
                      [&](std::string_view n) { return unet_name_from_ldm(n, layers); });
  }
  if (part == "vae") {
    const int64_t levels = count_after(*source, "encoder.down.");
    return rename_all(std::move(source),
                      [&](std::string_view n) { return vae_name_from_ldm(n, levels); });
  }
  return source;
}

}  // namespace riffle::weights
