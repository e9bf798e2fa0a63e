// SPDX-License-Identifier: GPL-3.0-or-later
// Completion scripts for shells, made from the table of commands.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace riffle::cli {

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);

}  // namespace riffle::cli
