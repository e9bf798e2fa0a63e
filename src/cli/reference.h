// SPDX-License-Identifier: GPL-3.0-or-later
// docs/cli.md, made from the table of commands.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace riffle::cli {

// Markdown: the overview, the options of every command, then each command with usage, options and
// examples.
std::string reference_markdown(const CLI::App& app);

}  // namespace riffle::cli
