// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/answers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "server/clip_keeper.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

template <class T>
std::optional<T> query_value_as(const Request& request, const std::string& name, T lowest,
                                T highest, const char* kind) {
  const std::string* text = request.query_value(name);
  if (text == nullptr || text->empty()) return {};
  T value{};
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || !(value >= lowest && value <= highest)) {
    throw ProblemError({.status = 400,
                        .code = "invalid_argument",
                        .detail = fmt::format("{}: expected {} from {} to {}, got \"{}\"", name,
                                              kind, lowest, highest, text->substr(0, 40))});
  }
  return value;
}

}  // namespace

Response json_response(const OrderedJson& json, int status) {
  Response response{.status = status, .content_type = "application/json"};
  response.headers = {{"Cache-Control", "no-store"}};
  response.body = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  return response;
}

Response created(const OrderedJson& json, int status) {
  Response response = json_response(json, status);
  response.headers.emplace_back("Location", json.at("url").get<std::string>());
  return response;
}

Response no_content() { return {.status = 204}; }

Response file_response(const std::filesystem::path& path, const std::string& ending,
                       bool may_be_cached) {
  Response response{.status = 200, .content_type = media_type_of(ending)};
  response.headers = {{"Cache-Control", may_be_cached ? "private, max-age=86400" : "no-cache"}};
  response.file = path;
  return response;
}

Json json_body(const Request& request) {
  Json json;
  try {
    json = parse_json(request.body, "the body");
  } catch (const Error& error) {
    throw ProblemError({.status = 400, .code = "invalid_argument", .detail = error.message()});
  }
  if (!json.is_object()) {
    throw ProblemError(
        {.status = 400,
         .code = "invalid_argument",
         .detail = fmt::format("the body: expected a JSON object, got {}", json.type_name())});
  }
  return json;
}

const Json* BodyReader::find(const char* name) {
  known_.emplace_back(name);
  const auto found = body_.find(name);
  return found == body_.end() || found->is_null() ? nullptr : &*found;
}

void BodyReader::refuse(const char* name, const std::string& expected) const {
  std::string got = body_.at(name).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (got.size() > 80) got = got.substr(0, 77) + "...";
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{}: {} must be {}, got {}", what_, name, expected, got));
}

std::optional<std::string> BodyReader::text(const char* name, size_t longest) {
  const Json* json = find(name);
  if (json == nullptr) return {};
  if (!json->is_string() || json->get_ref<const std::string&>().size() > longest) {
    refuse(name, fmt::format("a text of at most {} bytes", longest));
  }
  return json->get<std::string>();
}

std::optional<int64_t> BodyReader::integer(const char* name, int64_t lowest, int64_t highest) {
  const auto value = number(name, static_cast<double>(lowest), static_cast<double>(highest));
  if (!value) return {};
  if (*value != std::floor(*value)) refuse(name, "a whole number");
  return static_cast<int64_t>(*value);
}

std::optional<double> BodyReader::number(const char* name, double lowest, double highest) {
  const Json* json = find(name);
  if (json == nullptr) return {};
  const double value = json->is_number() ? json->get<double>() : NAN;
  if (!(value >= lowest && value <= highest)) {
    refuse(name, fmt::format("a number from {} to {}", lowest, highest));
  }
  return value;
}

std::optional<bool> BodyReader::flag(const char* name) {
  const Json* json = find(name);
  if (json == nullptr) return {};
  if (!json->is_boolean()) refuse(name, "true or false");
  return json->get<bool>();
}

std::optional<std::vector<std::string>> BodyReader::texts(const char* name, size_t most,
                                                          size_t longest) {
  const Json* json = find(name);
  if (json == nullptr) return {};
  const bool fine =
      json->is_array() && json->size() <= most && std::ranges::all_of(*json, [&](const Json& item) {
        return item.is_string() && item.get_ref<const std::string&>().size() <= longest;
      });
  if (!fine) {
    refuse(name, fmt::format("a list of at most {} texts of at most {} bytes", most, longest));
  }
  return json->get<std::vector<std::string>>();
}

const Json* BodyReader::value(const char* name) { return find(name); }

bool BodyReader::is_null(const char* name) const {
  return body_.contains(name) && body_.at(name).is_null();
}

void BodyReader::finish() const {
  for (const auto& [key, value] : body_.items()) {
    if (std::ranges::find(known_, key) != known_.end()) continue;
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: there is no field \"{}\"", what_, key.substr(0, 64)),
                fmt::format("the fields are {}", fmt::join(known_, ", ")));
  }
}

std::optional<int64_t> query_integer(const Request& request, const std::string& name,
                                     int64_t lowest, int64_t highest) {
  return query_value_as<int64_t>(request, name, lowest, highest, "a whole number");
}

std::optional<double> query_number(const Request& request, const std::string& name, double lowest,
                                   double highest) {
  return query_value_as<double>(request, name, lowest, highest, "a number");
}

std::string query_text(const Request& request, const std::string& name) {
  const std::string* text = request.query_value(name);
  return text == nullptr ? "" : *text;
}

std::pair<std::string, std::string> split_ending(const std::string& file) {
  const size_t dot = file.rfind('.');
  if (dot == std::string::npos) return {file, ""};
  return {file.substr(0, dot), file.substr(dot + 1)};
}

}  // namespace riffle::server
