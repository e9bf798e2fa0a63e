// SPDX-License-Identifier: GPL-3.0-or-later
// What --help prints.
#pragma once

#include <CLI/App.hpp>
#include <memory>

namespace riffle::cli {

// Lays out help for a terminal of 100 columns, descriptions wrapped.
std::shared_ptr<CLI::FormatterBase> make_help_formatter();

// "Usage: riffle info [OPTIONS] FILE...", without the leading word.
std::string usage_of(const CLI::App& app, const std::string& name);

}  // namespace riffle::cli
