// SPDX-License-Identifier: GPL-3.0-or-later
// CLAP checkpoints in the layout of LAION's own code (laion_clap), read under Hugging Face's names.
#pragma once

#include "core/json.h"
#include "weights/tensor_source.h"

namespace riffle::weights {

// Whether the names are those of such a checkpoint: "module.audio_branch...", with or without
// "module.".
bool is_laion_clap(const TensorSource& source);

// The checkpoint under the names of ClapModel: "attn.qkv" is split in three, the branches, norms
// and projections are renamed. Tensors that have no counterpart keep their names, so that the load
// report shows them.
TensorSourcePtr laion_clap(TensorSourcePtr checkpoint);

// config.json of such a checkpoint, from the shapes of its tensors under Hugging Face's names. Not
// told by shapes, so assumed: pictures of 256 x 256, and heads of 64 features in the text tower
// ("num_attention_heads" is left out where its width is no multiple of 64). Throws Error{BadFile}
// when a tensor that must be there is not, Error{Unsupported} for a checkpoint with fusion.
Json infer_clap_config(const TensorSource& source);

}  // namespace riffle::weights
