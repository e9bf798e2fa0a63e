// SPDX-License-Identifier: GPL-3.0-or-later
// Names under which a part of a model keeps its weights.
#pragma once

#include <array>
#include <string_view>

namespace riffle::weights::detail {

// In the order of preference.
inline constexpr std::array<std::string_view, 10> kWeightFiles{
    "diffusion_pytorch_model.safetensors",
    "model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
    "model.safetensors.index.json",
    "diffusion_pytorch_model.fp16.safetensors",
    "model.fp16.safetensors",
    "diffusion_pytorch_model.bin",
    "pytorch_model.bin",
    "diffusion_pytorch_model.fp16.bin",
    "pytorch_model.fp16.bin",
};

inline constexpr std::string_view kModelIndex = "model_index.json";

}  // namespace riffle::weights::detail
