// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/riffusion.h"

#include <fmt/format.h>

#include "core/base64.h"
#include "core/json.h"

namespace riffle::server {
namespace {

// A value as Python's str() shows it in these messages.
std::string shown(const Json& json) {
  if (json.is_boolean()) return json.get<bool>() ? "True" : "False";
  if (json.is_null()) return "None";
  if (json.is_string()) return json.get<std::string>().substr(0, 200);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 200);
}

const char* python_type(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null:
      return "NoneType";
    case Json::value_t::boolean:
      return "bool";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "int";
    case Json::value_t::number_float:
      return "float";
    case Json::value_t::string:
      return "str";
    case Json::value_t::array:
      return "list";
    default:
      return "dict";
  }
}

class Reader {
 public:
  Reader(const Json& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}

  // Null where it is absent; required ones are refused then.
  const Json* find(const char* name, bool required) const {
    const auto found = object_.find(name);
    if (found != object_.end()) return &*found;
    if (required) {
      throw RiffusionRefusal{fmt::format("missing value for field \"{}{}\"", prefix_, name)};
    }
    return nullptr;
  }
  [[noreturn]] void refuse(const char* name, const char* type, const Json& got) const {
    throw RiffusionRefusal{
        fmt::format("wrong value type for field \"{}{}\" - should be \"{}\" instead of value "
                    "\"{}\" of type \"{}\"",
                    prefix_, name, type, shown(got), python_type(got))};
  }
  void text(const char* name, std::string& value, bool required = false) const {
    const Json* json = find(name, required);
    if (json == nullptr) return;
    if (!json->is_string()) refuse(name, "str", *json);
    value = json->get<std::string>();
  }
  void maybe_text(const char* name, std::string& value) const {
    const Json* json = find(name, false);
    if (json == nullptr || json->is_null()) return;
    if (!json->is_string()) refuse(name, "Optional", *json);
    value = json->get<std::string>();
  }
  void number(const char* name, double& value, bool required = false) const {
    const Json* json = find(name, required);
    if (json == nullptr) return;
    if (json->is_number() || json->is_boolean()) {
      value = json->is_boolean() ? (json->get<bool>() ? 1 : 0) : json->get<double>();
    } else {
      refuse(name, "float", *json);
    }
  }
  int64_t integer(const char* name, int64_t fallback, bool required = false) const {
    const Json* json = find(name, required);
    if (json == nullptr) return fallback;
    if (json->is_boolean()) return json->get<bool>() ? 1 : 0;
    if (!json->is_number_integer()) refuse(name, "int", *json);
    return json->get<int64_t>();
  }
  Reader part(const char* name) const {
    const Json* json = find(name, true);
    if (!json->is_object()) refuse(name, "PromptInput", *json);
    return {*json, fmt::format("{}{}.", prefix_, name)};
  }

 private:
  const Json& object_;
  std::string prefix_;
};

pipelines::RiffuseEnd read_end(const Reader& reader) {
  pipelines::RiffuseEnd end;
  reader.text("prompt", end.prompt, true);
  end.seed = static_cast<uint64_t>(reader.integer("seed", 0, true));
  std::string unused;  // the original reads it and does nothing with it
  reader.maybe_text("negative_prompt", unused);
  reader.number("denoising", end.denoising);
  reader.number("guidance", end.guidance);
  return end;
}

}  // namespace

RiffusionInput read_riffusion_input(std::string_view body) {
  const Json json = parse_json(body, "the body");
  if (!json.is_object()) throw RiffusionRefusal{"the body is no object"};
  const Reader reader(json, "");
  RiffusionInput input;
  input.request.start = read_end(reader.part("start"));
  input.request.end = read_end(reader.part("end"));
  reader.number("alpha", input.request.alpha, true);
  input.request.steps = reader.integer("num_inference_steps", input.request.steps);
  reader.text("seed_image_id", input.seed_image_id);
  reader.maybe_text("mask_image_id", input.mask_image_id);
  return input;
}

std::string riffusion_output(std::span<const uint8_t> jpeg, std::span<const uint8_t> mp3,
                             double duration_s) {
  const auto quoted = [](const std::string& text) { return Json(text).dump(); };
  return fmt::format("{{\"image\": {}, \"audio\": {}, \"duration_s\": {}}}",
                     quoted("data:image/jpeg;base64," + base64(jpeg, 76)),
                     quoted("data:audio/mpeg;base64," + base64(mp3, 76)), duration_s);
}

}  // namespace riffle::server
