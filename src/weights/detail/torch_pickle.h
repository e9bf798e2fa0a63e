// SPDX-License-Identifier: GPL-3.0-or-later
// What torch.save wrote into a pickle, as a flat list of tensors and numbers.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/dtype.h"

namespace riffle::weights::detail {

// A tensor as the pickle describes it: a window of a storage, whose bytes lie elsewhere. The window
// lies inside the storage and has no more elements than it.
struct PickledTensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  // in elements, none negative
  int64_t offset = 0;            // in elements
  std::string storage;           // its key
  int64_t storage_elements = 0;
};

struct TorchPickle {
  std::vector<PickledTensor> tensors;
  std::map<std::string, double> numbers;  // Python's and numpy's: "epoch", "it", ...
  int64_t skipped = 0;                    // things of other kinds, text among them
};

// Names are the keys of nested dictionaries and the indices of lists, joined by dots
// ("state_dict.encoder.weight"). Throws Error{BadFile, Unsupported}; `where` begins the message.
TorchPickle read_torch_pickle(std::span<const uint8_t> bytes, std::string_view where);

}  // namespace riffle::weights::detail
