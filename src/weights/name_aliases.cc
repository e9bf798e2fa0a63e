// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/name_aliases.h"

#include <array>
#include <utility>

namespace riffle::weights {
namespace {

using namespace std::string_view_literals;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kAttention{{
    {".query"sv, ".to_q"sv},
    {".key"sv, ".to_k"sv},
    {".value"sv, ".to_v"sv},
    {".proj_attn"sv, ".to_out.0"sv},
}};

// Whether `module` is "...attentions.N" followed by `ending`.
bool is_attention_member(std::string_view module, std::string_view ending) {
  return module.ends_with(ending) && module.find("attentions.") != std::string_view::npos;
}

}  // namespace

std::vector<std::string> other_names(std::string_view name) {
  std::vector<std::string> others;
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return others;
  const std::string_view module = name.substr(0, dot);
  const std::string_view leaf = name.substr(dot);  // ".weight", ".bias"
  for (const auto& [old_ending, new_ending] : kAttention) {
    for (const auto& [from, to] :
         {std::pair(old_ending, new_ending), std::pair(new_ending, old_ending)}) {
      if (!is_attention_member(module, from)) continue;
      others.push_back(
          std::string(module.substr(0, module.size() - from.size())).append(to).append(leaf));
    }
  }
  constexpr std::string_view kTextModel = "text_model.";
  if (name.starts_with(kTextModel)) {
    others.emplace_back(name.substr(kTextModel.size()));
  } else if (name.starts_with("embeddings.") || name.starts_with("encoder.layers.") ||
             name.starts_with("final_layer_norm.")) {
    others.push_back(std::string(kTextModel).append(name));
  }
  return others;
}

}  // namespace riffle::weights
