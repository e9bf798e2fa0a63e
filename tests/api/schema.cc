// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace riffle::test {
namespace {

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  std::istringstream stream(path);
  for (std::string segment; std::getline(stream, segment, '/');) segments.push_back(segment);
  if (path.ends_with('/')) segments.emplace_back();
  return segments;
}

// How many names in braces it took; -1: it does not fit.
int match(const std::string& pattern, const std::string& path) {
  const auto wanted = segments_of(pattern);
  const auto got = segments_of(path);
  if (wanted.size() != got.size()) return -1;
  int names = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{') && !got[i].empty()) {
      ++names;
    } else if (wanted[i] != got[i]) {
      return -1;
    }
  }
  return names;
}

}  // namespace

OpenApi::OpenApi(const std::string& file) : document_(read_json_file(file)) {}

const Json& OpenApi::resolved(const Json& schema) const {
  if (!schema.contains("$ref")) return schema;
  const std::string name = schema.at("$ref").get<std::string>();
  return document_.at(Json::json_pointer(name.substr(1)));
}

std::vector<std::string> OpenApi::check(const Json& value, const Json& schema) const {
  std::vector<std::string> wrong;
  check(value, schema, "", wrong);
  return wrong;
}

std::vector<std::string> OpenApi::check_named(const Json& value, const std::string& name) const {
  return check(value, document_.at("components").at("schemas").at(name));
}

const Json& OpenApi::event(const std::string& name) const {
  return document_.at("x-events").at(name).at("schema");
}

void OpenApi::check(const Json& value, const Json& reference, const std::string& where,
                    std::vector<std::string>& wrong) const {
  const Json& schema = resolved(reference);
  const auto fault = [&](const std::string& what) { wrong.push_back(where + ": " + what); };
  if (schema.contains("oneOf")) {
    const auto fits = [&](const Json& choice) { return check(value, choice).empty(); };
    if (std::ranges::count_if(schema.at("oneOf"), fits) != 1) {
      fault("is none of the choices: " + value.dump().substr(0, 200));
    }
    return;
  }
  if (schema.contains("type")) {
    const Json& type = schema.at("type");
    const Json types = type.is_array() ? type : Json::array({type});
    const auto fits = [&](const Json& t) { return has_type(value, t.get<std::string>()); };
    if (std::ranges::none_of(types, fits)) {
      return fault(fmt::format("is {}, expected {}", value.type_name(), types.dump()));
    }
  }
  if (schema.contains("enum") &&
      std::ranges::find(schema.at("enum"), value) == schema.at("enum").end()) {
    fault("is not one of " + schema.at("enum").dump());
  }
  if (value.is_number()) {
    if (schema.contains("minimum") && value < schema.at("minimum")) fault("is too small");
    if (schema.contains("maximum") && value > schema.at("maximum")) fault("is too large");
  }
  if (value.is_array() && schema.contains("items")) {
    for (size_t i = 0; i < value.size(); ++i) {
      check(value[i], schema.at("items"), fmt::format("{}[{}]", where, i), wrong);
    }
  }
  if (!value.is_object() || !schema.contains("properties")) return;
  for (const Json& name : schema.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>())) fault("lacks " + name.get<std::string>());
  }
  for (const auto& [name, part] : value.items()) {
    if (schema.at("properties").contains(name)) {
      check(part, schema.at("properties").at(name), where + "." + name, wrong);
    } else if (schema.value("additionalProperties", Json(true)) == false) {
      fault("has " + name + ", which is not described");
    }
  }
}

const Json* OpenApi::operation(const std::string& method, const std::string& path) const {
  const Json* best = nullptr;
  int names = 0;
  for (const auto& [pattern, item] : document_.at("paths").items()) {
    const int count = match(pattern, path);
    if (count < 0 || !item.contains(method) || (best != nullptr && count >= names)) continue;
    best = &item.at(method);
    names = count;
  }
  return best;
}

const Json* OpenApi::answer_schema(const Json& operation, int status, const std::string& type,
                                   bool& described) const {
  const Json& answers = operation.at("responses");
  const std::string key = std::to_string(status);
  described = answers.contains(key) || (status >= 400 && answers.contains("default"));
  if (!described) return nullptr;
  const Json& answer = answers.contains(key) ? answers.at(key) : answers.at("default");
  const Json content = answer.value("content", Json::object());
  const std::string plain = type.substr(0, type.find(';'));
  if (!content.contains(plain)) return nullptr;
  const Json& entry = answer.at("content").at(plain);
  return entry.contains("schema") ? &entry.at("schema") : nullptr;
}

}  // namespace riffle::test
