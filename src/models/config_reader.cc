// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/config_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace riffle::models {

ConfigReader::ConfigReader(const Json& json, std::string where)
    : json_(json), where_(std::move(where)) {
  if (!json.is_object()) {
    throw Error(ErrorCode::BadFile, where_ + ": expected a JSON object with the model's settings");
  }
}

bool ConfigReader::has(const char* key) {
  read_.insert(key);
  return json_.contains(key) && !json_.at(key).is_null();
}

int64_t ConfigReader::integer(const char* key, int64_t fallback, int64_t low, int64_t high) {
  if (!has(key)) return fallback;
  const auto value = json_get<int64_t>(json_, key, where_);
  if (value < low || value > high) bad(key, fmt::format("{} to {}", low, high));
  return value;
}

double ConfigReader::number(const char* key, double fallback) {
  return has(key) ? json_get<double>(json_, key, where_) : fallback;
}

bool ConfigReader::flag(const char* key, bool fallback) {
  return has(key) ? json_get<bool>(json_, key, where_) : fallback;
}

std::string ConfigReader::text(const char* key, const std::string& fallback) {
  return has(key) ? json_get<std::string>(json_, key, where_) : fallback;
}

std::vector<std::string> ConfigReader::texts(const char* key,
                                             const std::vector<std::string>& fallback) {
  return has(key) ? json_get<std::vector<std::string>>(json_, key, where_) : fallback;
}

std::vector<int64_t> ConfigReader::integers(const char* key, const std::vector<int64_t>& fallback,
                                            int64_t low, int64_t high) {
  if (!has(key)) return fallback;
  auto values = json_get<std::vector<int64_t>>(json_, key, where_);
  const auto outside = [&](int64_t value) { return value < low || value > high; };
  if (values.empty() || std::any_of(values.begin(), values.end(), outside)) {
    bad(key, fmt::format("a list of values from {} to {}", low, high));
  }
  return values;
}

std::vector<double> ConfigReader::numbers(const char* key, int64_t count) {
  if (!has(key)) return {};
  std::vector<double> values;
  try {
    values = json_.at(key).get<std::vector<double>>();
  } catch (const Json::exception&) {
    bad(key, "a list of numbers");
  }
  if (static_cast<int64_t>(values.size()) != count) bad(key, fmt::format("{} numbers", count));
  return values;
}

std::vector<int64_t> ConfigReader::integers_per_level(const char* key, int64_t fallback,
                                                      size_t count, int64_t low, int64_t high) {
  if (!has(key)) return std::vector<int64_t>(count, fallback);
  if (!json_.at(key).is_array()) {
    return std::vector<int64_t>(count, integer(key, fallback, low, high));
  }
  auto values = integers(key, {}, low, high);
  if (values.size() != count) bad(key, fmt::format("one value or a list of {}", count));
  return values;
}

std::string ConfigReader::choice(const char* key, const std::string& fallback,
                                 const std::vector<std::string>& allowed) {
  auto value = text(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    unsupported(key, fmt::format("{}", fmt::join(allowed, " or ")));
  }
  return value;
}

void ConfigReader::expect(const char* key, const Json& only) {
  if (has(key) && json_.at(key) != only) unsupported(key, only.dump());
}

void ConfigReader::ignore(std::initializer_list<const char*> keys) {
  read_.insert(keys.begin(), keys.end());
}

void ConfigReader::finish() const {
  for (const auto& [key, value] : json_.items()) {
    const bool says_nothing = value.is_null() || value == Json(false) || key.front() == '_';
    if (!says_nothing && read_.find(key) == read_.end()) {
      unsupported(key.c_str(), "a field that Riffle knows");
    }
  }
}

void ConfigReader::unsupported(const char* key, const std::string& expected) const {
  const std::string got = json_.contains(key) ? json_.at(key).dump() : "nothing";
  throw Error(ErrorCode::Unsupported,
              fmt::format("{}: field \"{}\": expected {}, got {}", where_, key, expected, got),
              "this model's architecture is not one Riffle implements");
}

void ConfigReader::bad(const char* key, const std::string& expected) const {
  const std::string got = json_.contains(key) ? json_.at(key).dump() : "nothing";
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: field \"{}\": expected {}, got {}", where_, key, expected, got));
}

}  // namespace riffle::models
