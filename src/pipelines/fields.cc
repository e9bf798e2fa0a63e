// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace riffle::pipelines {
namespace {

std::string range_text(const FieldInfo& info) {
  const std::string unit = info.unit.empty() ? "" : " " + info.unit;
  if (info.minimum && info.maximum)
    return fmt::format(" from {} to {}{}", *info.minimum, *info.maximum, unit);
  if (info.minimum) return fmt::format(" of at least {}{}", *info.minimum, unit);
  if (info.maximum) return fmt::format(" of at most {}{}", *info.maximum, unit);
  return "";
}

bool in_range(double value, const FieldInfo& info) {
  return std::isfinite(value) && (!info.minimum || value >= *info.minimum) &&
         (!info.maximum || value <= *info.maximum);
}

}  // namespace

FieldReader::FieldReader(const Json& object, std::string_view what) : object_(object), what_(what) {
  if (!object.is_object()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: expected a JSON object, got {}", what_, object.type_name()));
  }
}

const Json* FieldReader::find(const FieldInfo& info) {
  known_.push_back(info.name);
  const auto found = object_.find(info.name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void FieldReader::refuse(const FieldInfo& info, const std::string& expected,
                         const Json& got) const {
  std::string shown = got.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (shown.size() > 80) shown = shown.substr(0, 77) + "...";
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{}: {} must be {}, got {}", what_, info.name, expected, shown));
}

double FieldReader::number(const Json& json, const FieldInfo& info) const {
  const std::string expected = "a number" + range_text(info);
  if (!json.is_number()) refuse(info, expected, json);
  const auto value = json.get<double>();
  if (!in_range(value, info)) refuse(info, expected, json);
  return value;
}

int64_t FieldReader::integer(const Json& json, const FieldInfo& info) const {
  const std::string expected = "a whole number" + range_text(info);
  if (!json.is_number()) refuse(info, expected, json);
  const auto value = json.get<double>();
  // 2^53: beyond it a JSON number is not the same in every program.
  if (!in_range(value, info) || value != std::floor(value) ||
      std::abs(value) > 9007199254740992.0) {
    refuse(info, expected, json);
  }
  return json.is_number_float() ? static_cast<int64_t>(value) : json.get<int64_t>();
}

void FieldReader::field(std::string& value, const FieldInfo& info) {
  const Json* json = find(info);
  if (json != nullptr) {
    const bool is_plan = info.is_plan && json->is_object();
    if (!is_plan && !json->is_string()) refuse(info, "a text", *json);
    value = is_plan ? json->dump() : json->get<std::string>();
    if (!info.choices.empty() && std::ranges::find(info.choices, value) == info.choices.end()) {
      refuse(info, fmt::format("one of {}", fmt::join(info.choices, ", ")), *json);
    }
  }
  if (info.required && value.empty()) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("{}: {} is missing", what_, info.name),
                info.help);
  }
}

void FieldReader::field(int64_t& value, const FieldInfo& info) {
  if (const Json* json = find(info)) value = integer(*json, info);
}

void FieldReader::field(double& value, const FieldInfo& info) {
  if (const Json* json = find(info)) value = number(*json, info);
}

void FieldReader::field(bool& value, const FieldInfo& info) {
  if (const Json* json = find(info)) {
    if (!json->is_boolean()) refuse(info, "true or false", *json);
    value = json->get<bool>();
  }
}

void FieldReader::field(std::optional<int64_t>& value, const FieldInfo& info) {
  if (const Json* json = find(info)) value = integer(*json, info);
}

void FieldReader::field(std::optional<double>& value, const FieldInfo& info) {
  if (const Json* json = find(info)) value = number(*json, info);
}

void FieldReader::finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (std::ranges::find(known_, key) == known_.end()) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("{}: there is no field \"{}\"", what_, key.substr(0, 64)),
                  fmt::format("the fields are {}", fmt::join(known_, ", ")));
    }
  }
}

void FieldLister::field(std::string& value, const FieldInfo& info) {
  fields_.push_back({info, FieldKind::Text, value.empty() ? Json() : Json(value)});
}
void FieldLister::field(int64_t& value, const FieldInfo& info) {
  fields_.push_back({info, FieldKind::Integer, value});
}
void FieldLister::field(double& value, const FieldInfo& info) {
  fields_.push_back({info, FieldKind::Number, value});
}
void FieldLister::field(bool& value, const FieldInfo& info) {
  fields_.push_back({info, FieldKind::Boolean, value});
}
void FieldLister::field(std::optional<int64_t>& value, const FieldInfo& info) {
  fields_.push_back({info, FieldKind::Integer, value ? Json(*value) : Json()});
}
void FieldLister::field(std::optional<double>& value, const FieldInfo& info) {
  fields_.push_back({info, FieldKind::Number, value ? Json(*value) : Json()});
}

}  // namespace riffle::pipelines
