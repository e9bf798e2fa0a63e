// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/settings.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "pipelines/registry.h"

namespace riffle::cli {

void add_settings(CLI::App& app, std::vector<std::string>& settings, const std::string& help) {
  app.add_option("--set", settings, help + "; may be repeated")
      ->type_name("FIELD=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Json fields_of(const std::vector<std::string>& settings) {
  Json fields = Json::object();
  for (const std::string& one : settings) {
    const size_t equals = one.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("--set: expected FIELD=VALUE, got \"{}\"", one));
    }
    const std::string name = one.substr(0, equals);
    const std::string text = one.substr(equals + 1);
    Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded()) value = text;
    const size_t dot = name.find('.');
    if (dot == std::string::npos) {
      fields[name] = std::move(value);
    } else {
      const std::string pipeline(pipelines::pipeline_entry(name.substr(0, dot)).name);
      fields[pipeline][name.substr(dot + 1)] = std::move(value);
    }
  }
  return fields;
}

}  // namespace riffle::cli
