// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of requests given by name: --set steps=8 --set cover.strength=0.6.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "core/json.h"

namespace riffle::cli {

void add_settings(CLI::App& app, std::vector<std::string>& settings, const std::string& help);

// {"steps": 8, "cover": {"strength": 0.6}}. Values are JSON, and text where they are not. Throws
// Error{InvalidArgument} for what is not NAME=VALUE, Error{NotFound} for a pipeline there is not.
Json fields_of(const std::vector<std::string>& settings);

}  // namespace riffle::cli
