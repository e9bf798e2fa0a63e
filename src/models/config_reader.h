// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a model's config.json so that nothing in it is passed over: a field is read, or expected to
// have the one value that is supported, or it is an error that names it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace riffle::models {

class ConfigReader {
 public:
  // `where` names the file in errors. Throws Error{BadFile} unless json is an object. Keeps a
  // reference to json.
  ConfigReader(const Json& json, std::string where);

  // Absent and null give the fallback; another type, or a value outside [low, high], throws
  // Error{BadFile}.
  int64_t integer(const char* key, int64_t fallback, int64_t low, int64_t high);
  double number(const char* key, double fallback);
  bool flag(const char* key, bool fallback);
  std::string text(const char* key, const std::string& fallback);
  std::vector<std::string> texts(const char* key, const std::vector<std::string>& fallback);
  std::vector<int64_t> integers(const char* key, const std::vector<int64_t>& fallback, int64_t low,
                                int64_t high);
  // Absent: empty. Otherwise exactly `count` numbers.
  std::vector<double> numbers(const char* key, int64_t count);
  // An integer that stands for all `count` levels, or a list of `count`.
  std::vector<int64_t> integers_per_level(const char* key, int64_t fallback, size_t count,
                                          int64_t low, int64_t high);

  // One of `allowed`; throws Error{Unsupported} naming field, value and what would do.
  std::string choice(const char* key, const std::string& fallback,
                     const std::vector<std::string>& allowed);
  // Absent, null, or this value; throws Error{Unsupported} naming the field.
  void expect(const char* key, const Json& only);
  // Fields that do not change what the model computes.
  void ignore(std::initializer_list<const char*> keys);

  // Throws Error{Unsupported} for a field nobody read, unless it is null, false or begins with "_".
  void finish() const;

  const std::string& where() const { return where_; }
  [[noreturn]] void unsupported(const char* key, const std::string& expected) const;
  [[noreturn]] void bad(const char* key, const std::string& expected) const;

 private:
  bool has(const char* key);  // marks it as read; false for null

  const Json& json_;
  std::string where_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace riffle::models
