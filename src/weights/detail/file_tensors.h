// SPDX-License-Identifier: GPL-3.0-or-later
// Tensors that lie as plain little-endian elements at known places of a mapped file: what both the
// safetensors reader and the PyTorch checkpoint reader come down to.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "weights/detail/mapped_file.h"
#include "weights/tensor_source.h"

namespace riffle::weights::detail {

struct FilePlace {
  uint64_t offset = 0;           // of the first element, in bytes from the start of the file
  std::vector<int64_t> strides;  // in elements; empty: contiguous
};
using FileTensor = std::pair<TensorInfo, FilePlace>;

// Every tensor must lie inside the file. Throws Error{BadFile} when two bear one name.
TensorSourcePtr make_file_source(std::shared_ptr<const MappedFile> file,
                                 std::vector<FileTensor> tensors);

}  // namespace riffle::weights::detail
