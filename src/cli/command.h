// SPDX-License-Identifier: GPL-3.0-or-later
// A subcommand: one row of the table from which parsing, help, completion and docs/cli.md follow.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "cli/globals.h"
#include "cli/output.h"
#include "core/job.h"

namespace riffle::cli {

// What a running command is handed.
struct Context {
  const Globals& globals;
  Output& out;  // stdout: results only
  Job job;      // stopped by Ctrl-C, draws the progress bar
};

// The command itself, run after its options were parsed. Failure is an exception (failure.h).
using Action = std::function<void(Context&)>;

struct Command {
  std::string name;
  std::string group;     // heading in the overview; empty: not shown there
  std::string summary;   // one line
  std::string examples;  // one "riffle ..." line each, shown by --help
  // Adds the options to `app` and returns the action, which holds what they were parsed into.
  std::function<Action(CLI::App& app)> add;
};

}  // namespace riffle::cli
