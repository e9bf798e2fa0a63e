// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of records that may be absent.
#pragma once

#include <optional>
#include <string_view>

#include "core/json.h"

namespace riffle::shards::detail {

template <class T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

template <class T>
std::optional<T> maybe_get(const Json& json, const char* key, std::string_view where) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return std::nullopt;
  return json_get<T>(json, key, where);
}

// The elements of a list that may be absent.
inline Json list_of_objects(const Json& json, const char* key) {
  if (!json.contains(key) || !json.at(key).is_array()) return Json::array();
  return json.at(key);
}

}  // namespace riffle::shards::detail
