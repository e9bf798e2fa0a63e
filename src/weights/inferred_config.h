// SPDX-License-Identifier: GPL-3.0-or-later
// The config.json that a single-file checkpoint does not have, worked out from the shapes of its
// tensors and, where shapes do not tell, from what all models of Stable Diffusion 1's family share.
#pragma once

#include <string_view>

#include "core/json.h"
#include "weights/tensor_source.h"

namespace riffle::weights {

// `part`: "unet", "vae" or "text_encoder", with diffusers' names. Not told by shapes, so assumed: 8
// attention heads a block (UNet), 64 channels a head and quick_gelu (text), 32 groups, SiLU,
// scaling factor 0.18215. "num_attention_heads" of a text encoder whose width is no multiple of 64
// is left out. Throws Error{BadFile} when a tensor that must be there is not.
Json infer_config(const TensorSource& source, std::string_view part);

// Stable Diffusion 1's: PNDM without Runge-Kutta steps, scaled linear betas, epsilon prediction.
Json default_scheduler_config();

}  // namespace riffle::weights
