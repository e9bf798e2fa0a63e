// SPDX-License-Identifier: GPL-3.0-or-later
// The riffle program: a table of commands (commands.cc), run by app.cc.
#include "cli/app.h"
#include "cli/commands.h"

int main(int argc, char** argv) { return riffle::cli::run(argc, argv, riffle::cli::commands()); }
