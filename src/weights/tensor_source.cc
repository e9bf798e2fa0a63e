// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/tensor_source.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "weights/detail/indexed_source.h"

namespace riffle::weights {
namespace {

// In the order of DType.
constexpr std::array<at::ScalarType, 10> kScalarTypes{
    at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong,
    at::kInt,    at::kShort, at::kChar, at::kByte,     at::kBool};

bool by_name(const TensorInfo& info, std::string_view name) { return info.name < name; }

struct Member {
  TensorSourcePtr source;
  std::string name;  // in that source
};

// Tensors of other sources under names of this one's own.
class Collection : public detail::IndexedSource<Member> {
 public:
  Collection(std::string where, std::vector<Entry> entries)
      : IndexedSource(std::move(where), std::move(entries)) {}

  at::Tensor view(std::string_view name) const override {
    const Member& member = place(require(name));
    return member.source->view(member.name);
  }
  void read(std::string_view name, const at::Tensor& destination) const override {
    const Member& member = place(require(name));
    member.source->read(member.name, destination);
  }
};

Collection::Entry entry_of(const TensorSourcePtr& source, const std::string& name,
                           std::string new_name) {
  const TensorInfo* info = source->find(name);
  if (info == nullptr) {
    throw Error(ErrorCode::Internal,
                fmt::format("{}: a name map asks for \"{}\"", source->where(), name));
  }
  return {{std::move(new_name), info->dtype, info->shape}, {source, name}};
}

}  // namespace

at::ScalarType scalar_type(DType type) { return kScalarTypes[static_cast<size_t>(type)]; }

DType dtype_of(at::ScalarType type) {
  const auto found = std::find(kScalarTypes.begin(), kScalarTypes.end(), type);
  if (found == kScalarTypes.end()) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("tensors of type {} cannot be stored", c10::toString(type)));
  }
  return static_cast<DType>(found - kScalarTypes.begin());
}

const TensorInfo* TensorSource::find(std::string_view name) const {
  const auto& all = tensors();
  const auto found = std::lower_bound(all.begin(), all.end(), name, by_name);
  return found != all.end() && found->name == name ? &*found : nullptr;
}

const TensorInfo& TensorSource::require(std::string_view name) const {
  const TensorInfo* info = find(name);
  if (info == nullptr) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: there is no tensor \"{}\" among its {}",
                                                where(), name, tensors().size()));
  }
  return *info;
}

at::Tensor TensorSource::load(std::string_view name, std::optional<at::ScalarType> type) const {
  const TensorInfo& info = require(name);
  at::Tensor result = at::empty(info.shape, type.value_or(scalar_type(info.dtype)));
  read(name, result);
  return result;
}

TensorSourcePtr renamed(TensorSourcePtr base, const NamePairs& names) {
  std::vector<Collection::Entry> entries;
  entries.reserve(names.size());
  for (const auto& [outer, inner] : names) entries.push_back(entry_of(base, inner, outer));
  return std::make_shared<Collection>(base->where(), std::move(entries));
}

TensorSourcePtr without_prefix(TensorSourcePtr base, std::string_view prefix) {
  NamePairs names;
  for (const TensorInfo& info : base->tensors()) {
    if (info.name.starts_with(prefix))
      names.emplace_back(info.name.substr(prefix.size()), info.name);
  }
  return renamed(std::move(base), names);
}

TensorSourcePtr merged(std::vector<TensorSourcePtr> parts, std::string where) {
  std::vector<Collection::Entry> entries;
  for (const TensorSourcePtr& part : parts) {
    for (const TensorInfo& info : part->tensors()) {
      entries.push_back(entry_of(part, info.name, info.name));
    }
  }
  return std::make_shared<Collection>(std::move(where), std::move(entries));
}

}  // namespace riffle::weights
