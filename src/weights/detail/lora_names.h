// SPDX-License-Identifier: GPL-3.0-or-later
// How the tools that train adapters name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace riffle::weights::detail {

enum class LoraFactor { Down, Up, Mid, Alpha };

struct LoraName {
  std::string key;  // what the factors of one adapter share, as in the file
  LoraFactor factor = LoraFactor::Down;
};

// kohya "KEY.lora_down.weight", "KEY.alpha"; PEFT and new diffusers "KEY.lora_A.weight",
// "KEY.lora_A.default.weight"; older diffusers "KEY.lora.down.weight",
// "KEY.lora_linear_layer.down.weight", "...processor.to_q_lora.down.weight". Empty for other names.
std::optional<LoraName> parse_lora_name(std::string_view name);

// Of another method than LoRA ("LoHa", "DoRA", ...); empty when `name` is of none that is known.
std::string_view foreign_method(std::string_view name);

struct LoraTarget {
  std::string part;    // "unet", "text_encoder" or empty
  std::string module;  // dots written as underscores
};
LoraTarget lora_target(std::string_view key);

// "down_blocks.0.to_q" -> "down_blocks_0_to_q"
std::string underscored(std::string_view module);

}  // namespace riffle::weights::detail
