// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/task.h"

#include <algorithm>

#include "core/error.h"

namespace riffle::train {

const at::Tensor& Batch::at(std::string_view name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
  }
  throw Error(ErrorCode::Internal, "batch: there is no tensor " + std::string(name));
}

bool Batch::has(std::string_view name) const {
  return std::any_of(tensors.begin(), tensors.end(),
                     [&](const auto& item) { return item.first == name; });
}

}  // namespace riffle::train
