// SPDX-License-Identifier: GPL-3.0-or-later
// The table of commands: what riffle can do.
#pragma once

#include <vector>

#include "cli/command.h"

namespace riffle::cli {

const std::vector<Command>& commands();

// One function a command, each in its cmd_NAME.cc: adds the options, returns the action.
Action add_completion(CLI::App& app);
Action add_docs(CLI::App& app);

}  // namespace riffle::cli
