// SPDX-License-Identifier: GPL-3.0-or-later
// JSON with one-line errors: which file or text, which field, what was expected, what was found.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace riffle {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

// `where` names the source in errors. Throws Error{BadFile}. Nesting deeper than 200 levels is
// refused.
Json parse_json(std::string_view text, std::string_view where);
Json read_json_file(const std::filesystem::path& path, uint64_t max_bytes = 64 << 20);

// A field of an object as T (bool, integers, floating point, std::string, vectors of these). Throws
// Error{BadFile} for a field that is absent or of another type; an integer out of T's range and a
// fraction where an integer is wanted too.
template <class T>
T json_get(const Json& object, const char* key, std::string_view where);
// The same with a default for an absent (or null) field.
template <class T>
T json_get_or(const Json& object, const char* key, T fallback, std::string_view where) {
  if (!object.is_object() || !object.contains(key) || object.at(key).is_null()) return fallback;
  return json_get<T>(object, key, where);
}

}  // namespace riffle
