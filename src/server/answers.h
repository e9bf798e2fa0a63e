// SPDX-License-Identifier: GPL-3.0-or-later
// What routes share: JSON in and out, query values, files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/json.h"
#include "server/http.h"

namespace riffle::server {

Response json_response(const OrderedJson& json, int status = 200);
// 201 or 202 with Location.
Response created(const OrderedJson& json, int status = 201);  // json has "url"
Response no_content();
Response file_response(const std::filesystem::path& path, const std::string& ending,
                       bool may_be_cached = true);

// The body as a JSON object. Throws ProblemError{400}.
Json json_body(const Request& request);

// Fields of an object as the API takes them. Unknown ones are refused with the list of those there
// are. Each throws Error{InvalidArgument} that names the field.
class BodyReader {
 public:
  BodyReader(const Json& body, std::string what) : body_(body), what_(std::move(what)) {}

  std::optional<std::string> text(const char* name, size_t longest);
  std::optional<int64_t> integer(const char* name, int64_t lowest, int64_t highest);
  std::optional<double> number(const char* name, double lowest, double highest);
  std::optional<bool> flag(const char* name);
  std::optional<std::vector<std::string>> texts(const char* name, size_t most, size_t longest);
  const Json* value(const char* name);   // of any type; null where absent
  bool is_null(const char* name) const;  // there, and null
  void finish() const;                   // after the last one

 private:
  [[noreturn]] void refuse(const char* name, const std::string& expected) const;
  const Json* find(const char* name);

  const Json& body_;
  std::string what_;
  std::vector<std::string> known_;
};

// A whole number of the query. Throws ProblemError{400} for anything else.
std::optional<int64_t> query_integer(const Request& request, const std::string& name,
                                     int64_t lowest, int64_t highest);
std::optional<double> query_number(const Request& request, const std::string& name, double lowest,
                                   double highest);
std::string query_text(const Request& request, const std::string& name);  // empty where absent

// "3-0.wav" -> {"3-0", "wav"}.
std::pair<std::string, std::string> split_ending(const std::string& file);

}  // namespace riffle::server
