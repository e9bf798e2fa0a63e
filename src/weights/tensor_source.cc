// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/tensor_source.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"

namespace riffle::weights {
namespace {

// In the order of DType.
constexpr std::array<at::ScalarType, 10> kScalarTypes{
    at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong,
    at::kInt,    at::kShort, at::kChar, at::kByte,     at::kBool};

bool by_name(const TensorInfo& info, std::string_view name) { return info.name < name; }

// Tensors of other sources under names of this one's own.
class Collection : public TensorSource {
 public:
  struct Member {
    TensorInfo info;
    TensorSourcePtr source;
    std::string name;  // in that source
  };

  Collection(std::string where, std::vector<Member> members) : where_(std::move(where)) {
    std::sort(members.begin(), members.end(),
              [](const Member& a, const Member& b) { return a.info.name < b.info.name; });
    for (Member& m : members) {
      if (!infos_.empty() && infos_.back().name == m.info.name) {
        throw Error(ErrorCode::BadFile,
                    fmt::format("{}: two tensors are called \"{}\"", where_, m.info.name));
      }
      infos_.push_back(std::move(m.info));
      members_.push_back({std::move(m.source), std::move(m.name)});
    }
  }

  const std::string& where() const override { return where_; }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }
  at::Tensor view(std::string_view name) const override {
    const auto& [source, inner] = member(name);
    return source->view(inner);
  }
  void read(std::string_view name, const at::Tensor& destination) const override {
    const auto& [source, inner] = member(name);
    source->read(inner, destination);
  }

 private:
  const std::pair<TensorSourcePtr, std::string>& member(std::string_view name) const {
    return members_[static_cast<size_t>(&require(name) - infos_.data())];
  }

  std::string where_;
  std::vector<TensorInfo> infos_;
  std::vector<std::pair<TensorSourcePtr, std::string>> members_;  // beside infos_
};

Collection::Member member_of(const TensorSourcePtr& source, const std::string& name,
                             std::string new_name) {
  const TensorInfo* info = source->find(name);
  if (info == nullptr) {
    throw Error(ErrorCode::Internal,
                fmt::format("{}: a name map asks for \"{}\"", source->where(), name));
  }
  return {{std::move(new_name), info->dtype, info->shape}, source, name};
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
  std::vector<Collection::Member> members;
  members.reserve(names.size());
  for (const auto& [outer, inner] : names) members.push_back(member_of(base, inner, outer));
  return std::make_shared<Collection>(base->where(), std::move(members));
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
  std::vector<Collection::Member> members;
  for (const TensorSourcePtr& part : parts) {
    for (const TensorInfo& info : part->tensors()) {
      members.push_back(member_of(part, info.name, info.name));
    }
  }
  return std::make_shared<Collection>(std::move(where), std::move(members));
}

}  // namespace riffle::weights
