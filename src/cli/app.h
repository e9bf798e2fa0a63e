// SPDX-License-Identifier: GPL-3.0-or-later
// The program from command line to exit status.
#pragma once

#include <vector>

#include "cli/command.h"

namespace riffle::cli {

// Parses, runs one command, prints its result or its failure. Returns the exit status: 0, or that
// of the error (core/error.h). Takes over the process's signals; to be called once.
int run(int argc, const char* const* argv, const std::vector<Command>& commands);

}  // namespace riffle::cli
