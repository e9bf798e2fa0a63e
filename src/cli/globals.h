// SPDX-License-Identifier: GPL-3.0-or-later
// The options every command has, before its name or after it.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace riffle::cli {

struct Globals {
  int threads = 0;              // 0: all processors
  std::string device = "auto";  // auto, cpu or cuda
  bool json = false;            // one JSON document on stdout
  bool quiet = false;           // no progress, no warnings
  int verbosity = 0;            // 1: phases, 2: decisions
};

void add_global_options(CLI::App& app, Globals& globals);

// Threads and log level as asked. Throws Error{Device} for a device that is not there.
void apply(const Globals& globals);

// For commands without work for an accelerator: says so when one was asked for.
void warn_that_device_is_unused(const Globals& globals);

}  // namespace riffle::cli
