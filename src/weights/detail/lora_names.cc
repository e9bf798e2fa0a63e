// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/lora_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace riffle::weights::detail {
namespace {

using namespace std::string_view_literals;

struct Marker {
  std::string_view text;
  LoraFactor factor;
};
constexpr std::array<Marker, 11> kMarkers{{
    {".lora_linear_layer.down."sv, LoraFactor::Down},
    {".lora_linear_layer.up."sv, LoraFactor::Up},
    {".lora.down."sv, LoraFactor::Down},
    {".lora.up."sv, LoraFactor::Up},
    {"_lora.down."sv, LoraFactor::Down},
    {"_lora.up."sv, LoraFactor::Up},
    {".lora_down."sv, LoraFactor::Down},
    {".lora_up."sv, LoraFactor::Up},
    {".lora_mid."sv, LoraFactor::Mid},
    {".lora_A."sv, LoraFactor::Down},
    {".lora_B."sv, LoraFactor::Up},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kForeign{{
    {".hada_"sv, "LoHa"sv},
    {".lokr_"sv, "LoKr"sv},
    {".dora_scale"sv, "DoRA"sv},
    {".lora_magnitude_vector"sv, "DoRA"sv},
    {".oft_"sv, "OFT"sv},
    {".on_input"sv, "IA3"sv},
}};

struct Prefix {
  std::string_view text;
  std::string_view part;
};
constexpr std::array<Prefix, 5> kPrefixes{{
    {"lora_unet_"sv, "unet"sv},
    {"lora_te_"sv, "text_encoder"sv},
    {"lora_te1_"sv, "text_encoder"sv},
    {"unet."sv, "unet"sv},
    {"text_encoder."sv, "text_encoder"sv},
}};

// Attention members as old diffusers called them inside the text encoder.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTextAttention{{
    {"self_attn_to_q"sv, "self_attn_q_proj"sv},
    {"self_attn_to_k"sv, "self_attn_k_proj"sv},
    {"self_attn_to_v"sv, "self_attn_v_proj"sv},
    {"self_attn_to_out"sv, "self_attn_out_proj"sv},
}};

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool replace_end(std::string& text, std::string_view from, std::string_view to) {
  if (!text.ends_with(from)) return false;
  text.replace(text.size() - from.size(), from.size(), to);
  return true;
}

}  // namespace

std::optional<LoraName> parse_lora_name(std::string_view name) {
  if (name.ends_with(".alpha")) {
    std::string key(name.substr(0, name.size() - 6));
    if (!replace_end(key, "_lora", "")) replace_end(key, ".lora", "");
    return LoraName{std::move(key), LoraFactor::Alpha};
  }
  if (!name.ends_with(".weight")) return std::nullopt;
  for (const Marker& marker : kMarkers) {
    const size_t at = name.find(marker.text);
    if (at != std::string_view::npos && at > 0)
      return LoraName{std::string(name.substr(0, at)), marker.factor};
  }
  return std::nullopt;
}

std::string_view foreign_method(std::string_view name) {
  for (const auto& [mark, method] : kForeign) {
    if (name.find(mark) != std::string_view::npos) return method;
  }
  return {};
}

std::string underscored(std::string_view module) {
  std::string result(module);
  std::replace(result.begin(), result.end(), '.', '_');
  return result;
}

LoraTarget lora_target(std::string_view key) {
  drop_prefix(key, "base_model.model.");
  LoraTarget target;
  for (const Prefix& prefix : kPrefixes) {
    if (!drop_prefix(key, prefix.text)) continue;
    target.part = prefix.part;
    break;
  }
  target.module = underscored(key);
  constexpr std::string_view kProcessor = "processor_";
  if (const size_t at = target.module.find("_processor_"); at != std::string::npos) {
    target.module.erase(at + 1, kProcessor.size());
  }
  for (const auto& [from, to] : kTextAttention) {
    if (replace_end(target.module, from, to)) return target;
  }
  replace_end(target.module, "_to_out", "_to_out_0");  // a list of projection and dropout
  return target;
}

}  // namespace riffle::weights::detail
