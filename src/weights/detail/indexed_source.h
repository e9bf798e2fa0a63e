// SPDX-License-Identifier: GPL-3.0-or-later
// The part of a tensor source that is the same for all: names sorted, each with its place.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "weights/tensor_source.h"

namespace riffle::weights::detail {

// Place: where the tensor of a name is, in whatever terms the derived source has.
template <class Place>
class IndexedSource : public TensorSource {
 public:
  using Entry = std::pair<TensorInfo, Place>;

  const std::string& where() const override { return where_; }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }

 protected:
  // Throws Error{BadFile} when two entries bear one name.
  IndexedSource(std::string where, std::vector<Entry> entries) : where_(std::move(where)) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.first.name < b.first.name; });
    infos_.reserve(entries.size());
    places_.reserve(entries.size());
    for (auto& [info, place] : entries) {
      if (!infos_.empty() && infos_.back().name == info.name) {
        throw Error(ErrorCode::BadFile,
                    fmt::format("{}: two tensors are called \"{}\"", where_, info.name));
      }
      infos_.push_back(std::move(info));
      places_.push_back(std::move(place));
    }
  }

  // `info` must be one of tensors().
  const Place& place(const TensorInfo& info) const {
    return places_[static_cast<size_t>(&info - infos_.data())];
  }

 private:
  std::string where_;
  std::vector<TensorInfo> infos_;
  std::vector<Place> places_;  // beside infos_
};

}  // namespace riffle::weights::detail
