// SPDX-License-Identifier: GPL-3.0-or-later
// Single-file checkpoints in the layout of the original latent diffusion code ("LDM"), read under
// diffusers' names. The number of levels and of layers in each is read off the names present.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weights/tensor_source.h"

namespace riffle::weights {

// Whether the names are those of such a checkpoint ("model.diffusion_model...").
bool is_ldm_checkpoint(const TensorSource& source);

// One part of it under the names that diffusers (UNet2DConditionModel, AutoencoderKL with to_q and
// its kin) and transformers (CLIPTextModel) use. `part`: "unet", "vae" or "text_encoder". Names
// that have no counterpart are kept as they are, so that the load report shows them. Throws
// Error{BadFile} when the checkpoint has no such part, Error{Unsupported} for the text encoders of
// Stable Diffusion 2 and later.
TensorSourcePtr ldm_part(const TensorSourcePtr& checkpoint, std::string_view part);

// The name maps themselves, without the prefix of the part. Empty when there is no counterpart.
// layers_per_block: residual blocks a level of the encoder side; levels: of the autoencoder.
std::optional<std::string> unet_name_from_ldm(std::string_view name, int64_t layers_per_block);
std::optional<std::string> vae_name_from_ldm(std::string_view name, int64_t levels);

}  // namespace riffle::weights
