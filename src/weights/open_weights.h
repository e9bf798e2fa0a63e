// SPDX-License-Identifier: GPL-3.0-or-later
// Weights from a file of any form Riffle reads. What a file is, is told by its first bytes.
#pragma once

#include <filesystem>

#include "weights/tensor_source.h"

namespace riffle::weights {

// safetensors; PyTorch checkpoints (zip), where the tensors below "state_dict." and its kin are
// taken without that prefix when there are any; and "*.safetensors.index.json", which spreads one
// set of weights over several safetensors beside it. Throws Error{NotFound, BadFile, Unsupported,
// Io}; Git LFS pointers, saved web pages and GGUF files are recognised and named.
TensorSourcePtr open_weights(const std::filesystem::path& path);

}  // namespace riffle::weights
