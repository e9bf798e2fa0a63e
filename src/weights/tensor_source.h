// SPDX-License-Identifier: GPL-3.0-or-later
// Named tensors in some container on disk, read one at a time. Everything that loads weights works
// on this and does not know which container they came from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weights/dtype.h"

namespace riffle::weights {

at::ScalarType scalar_type(DType type);
// Throws Error{Unsupported} for a type that has no place in a weight file (complex, quantised).
DType dtype_of(at::ScalarType type);

struct TensorInfo {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;

  int64_t elements() const { return *element_count(shape); }  // sources hold only sane shapes
  int64_t bytes() const { return elements() * size_of(dtype); }
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;

  // The file or folder, for messages.
  virtual const std::string& where() const = 0;
  // Sorted by name, each name once.
  virtual const std::vector<TensorInfo>& tensors() const = 0;

  // A tensor on the CPU in the type it has on disk. Where the container allows it the tensor lies
  // in the mapped file: nothing is read until it is used, the mapping lives as long as the tensor,
  // and writing to it changes this process's copy only. `name` must be listed.
  virtual at::Tensor view(std::string_view name) const = 0;

  // Copies into `destination` (any device, same number of elements in the same order), converting
  // to its type: floating types among each other, integers and booleans among each other, and
  // integers to floating. Throws Error{BadFile} for floating on disk and an integer destination.
  virtual void read(std::string_view name, const at::Tensor& destination) const = 0;

  // nullptr when there is no such tensor.
  const TensorInfo* find(std::string_view name) const;
  // Throws Error{BadFile} naming the tensor and the file.
  const TensorInfo& require(std::string_view name) const;
  // A tensor of its own on the CPU, converted to `type` if one is given.
  at::Tensor load(std::string_view name, std::optional<at::ScalarType> type = {}) const;

 protected:
  TensorSource() = default;
  TensorSource(const TensorSource&) = default;
  TensorSource& operator=(const TensorSource&) = default;
};

using TensorSourcePtr = std::shared_ptr<const TensorSource>;

// (name seen from outside, name in the source below)
using NamePairs = std::vector<std::pair<std::string, std::string>>;

// A source that shows the listed tensors of `base` under other names. Throws Error{BadFile} when
// two would bear one name, Error{Internal} when `base` lacks one.
TensorSourcePtr renamed(TensorSourcePtr base, const NamePairs& names);
// The tensors whose names begin with `prefix`, without it.
TensorSourcePtr without_prefix(TensorSourcePtr base, std::string_view prefix);
// Several sources as one. Throws Error{BadFile} when two hold the same name.
TensorSourcePtr merged(std::vector<TensorSourcePtr> parts, std::string where);

}  // namespace riffle::weights
