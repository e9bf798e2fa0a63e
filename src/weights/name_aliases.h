// SPDX-License-Identifier: GPL-3.0-or-later
// Names that changed over the years while the weights stayed what they were.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace riffle::weights {

// Other names under which published files hold the parameter `name`, likeliest first; often none.
// Autoencoder attention: query, key, value, proj_attn (diffusers up to 0.17) and to_q, to_k, to_v,
// to_out.0 (since). CLIP text: with and without "text_model.".
std::vector<std::string> other_names(std::string_view name);

}  // namespace riffle::weights
