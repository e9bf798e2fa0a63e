// SPDX-License-Identifier: GPL-3.0-or-later
// Checkpoints that torch.save wrote (.ckpt, .pt, .pth, .bin): a zip archive holding a pickle and
// the tensors' bytes. Nothing in the pickle is run; see detail/pickle.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "weights/tensor_source.h"

namespace riffle::weights {

struct TorchCheckpoint {
  // By dotted path, e.g. "state_dict.conv_in.weight"; views lie in the mapped file.
  TensorSourcePtr tensors;
  std::map<std::string, double> numbers;  // dotted path -> number ("epoch": 3)
  int64_t skipped = 0;                    // objects of other kinds, passed over
};

// Throws Error{NotFound, BadFile, Io}; Error{Unsupported} for the form before torch 1.6 (no zip),
// for TorchScript programs and compressed or big-endian archives.
TorchCheckpoint open_torch_checkpoint(const std::filesystem::path& path);

}  // namespace riffle::weights
