// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/json.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "core/files.h"

namespace riffle {
namespace {

constexpr int kMaxDepth = 200;

[[noreturn]] void wrong_type(const Json& value, std::string_view path, const char* expected) {
  std::string got = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (got.size() > 60) got = got.substr(0, 57) + "...";
  throw Error(ErrorCode::BadFile, fmt::format("{}: expected {}, got {}", path, expected, got));
}

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
T convert(const Json& value, const std::string& path) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) wrong_type(value, path, "true or false");
    return value.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (value.is_number_unsigned()) {
      const auto number = value.get<uint64_t>();
      if (number > static_cast<uint64_t>(std::numeric_limits<T>::max()))
        wrong_type(value, path, "a smaller integer");
      return static_cast<T>(number);
    }
    if (!value.is_number_integer()) wrong_type(value, path, "an integer");
    const auto number = value.get<int64_t>();
    if (std::is_unsigned_v<T> ? number < 0
                              : number < static_cast<int64_t>(std::numeric_limits<T>::min())) {
      wrong_type(value, path, "a larger integer");
    }
    return static_cast<T>(number);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) wrong_type(value, path, "a number");
    return value.get<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!value.is_string()) wrong_type(value, path, "a string");
    return value.get<std::string>();
  } else {
    static_assert(IsVector<T>::value);
    if (!value.is_array()) wrong_type(value, path, "a list");
    T list;
    for (size_t i = 0; i < value.size(); ++i) {
      list.push_back(convert<typename T::value_type>(value[i], fmt::format("{}[{}]", path, i)));
    }
    return list;
  }
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where) {
  bool too_deep = false;
  const Json::parser_callback_t guard = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  try {
    Json value = Json::parse(text.begin(), text.end(), guard);
    if (too_deep)
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: JSON nested deeper than {} levels", where, kMaxDepth));
    return value;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: not valid JSON: {}", where, e.what()));
  }
}

Json read_json_file(const std::filesystem::path& path, uint64_t max_bytes) {
  return parse_json(read_text_file(path, max_bytes), path.string());
}

template <class T>
T json_get(const Json& object, const char* key, std::string_view where) {
  if (!object.is_object()) wrong_type(object, where, "an object");
  const auto found = object.find(key);
  if (found == object.end()) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: field \"{}\" is missing", where, key));
  }
  return convert<T>(*found, fmt::format("{}: \"{}\"", where, key));
}

template bool json_get(const Json&, const char*, std::string_view);
template int json_get(const Json&, const char*, std::string_view);
template int64_t json_get(const Json&, const char*, std::string_view);
template uint64_t json_get(const Json&, const char*, std::string_view);
template float json_get(const Json&, const char*, std::string_view);
template double json_get(const Json&, const char*, std::string_view);
template std::string json_get(const Json&, const char*, std::string_view);
template std::vector<int> json_get(const Json&, const char*, std::string_view);
template std::vector<int64_t> json_get(const Json&, const char*, std::string_view);
template std::vector<float> json_get(const Json&, const char*, std::string_view);
template std::vector<double> json_get(const Json&, const char*, std::string_view);
template std::vector<bool> json_get(const Json&, const char*, std::string_view);
template std::vector<std::string> json_get(const Json&, const char*, std::string_view);

}  // namespace riffle
