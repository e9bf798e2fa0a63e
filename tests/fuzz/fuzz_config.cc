// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a configuration in JSON: refused with a riffle::Error that is text, or fields of the
// types and ranges asked for, and a noise schedule's settings.
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "diffusion/scheduler_config.h"
#include "fuzz_support.h"
#include "models/config_reader.h"

using riffle::fuzz::require;

namespace {

template <class T>
void read_field(const riffle::Json& json, const char* key) {
  try {
    riffle::json_get<T>(json, key, "input");
  } catch (const riffle::Error& e) {
    require(e.code() == riffle::ErrorCode::BadFile && !e.message().empty());
  }
}

void require_refusal(const riffle::Error& e) {
  require((e.code() == riffle::ErrorCode::BadFile || e.code() == riffle::ErrorCode::Unsupported) &&
          !e.message().empty());
}

// As the models read their config.json.
void read_model_config(const riffle::Json& json) {
  try {
    riffle::models::ConfigReader reader(json, "input");
    const int64_t channels = reader.integer("in_channels", 4, 1, 64);
    require(channels >= 1 && channels <= 64);
    const auto widths = reader.integers("block_out_channels", {320}, 1, 4096);
    require(!widths.empty());
    for (const int64_t width : widths) require(width >= 1 && width <= 4096);
    require(reader.integers_per_level("layers_per_block", 2, 4, 1, 64).size() == 4);
    reader.texts("down_block_types", {});
    reader.number("norm_eps", 1e-5);
    reader.flag("use_linear_projection", false);
    reader.choice("act_fn", "silu", {"silu", "swish"});
    reader.expect("num_class_embeds", nullptr);
    reader.finish();
  } catch (const riffle::Error& e) {
    require_refusal(e);
  }
}

void read_scheduler(const riffle::Json& json) {
  try {
    const auto config = riffle::diffusion::scheduler_config_from_json(json, "input");
    config.validate();
    require(config.num_train_timesteps > 0);
  } catch (const riffle::Error& e) {
    if (e.code() != riffle::ErrorCode::InvalidArgument) require_refusal(e);
  }
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    read_scheduler(riffle::diffusion::parse_python_json(text, "input"));
  } catch (const riffle::Error& e) {
    require_refusal(e);
  }
  try {
    const riffle::Json json = riffle::parse_json(text, "input");
    read_model_config(json);
    for (const char* key :
         {"in_channels", "block_out_channels", "down_block_types", "norm_eps", "_class_name"}) {
      read_field<bool>(json, key);
      read_field<int>(json, key);
      read_field<uint64_t>(json, key);
      read_field<double>(json, key);
      read_field<std::string>(json, key);
      read_field<std::vector<int64_t>>(json, key);
      read_field<std::vector<std::string>>(json, key);
    }
  } catch (const riffle::Error& e) {
    require_refusal(e);
  }
  return 0;
}
