// SPDX-License-Identifier: GPL-3.0-or-later
// riffle-train's table of commands.
#include "cli/commands.h"
#include "cli/train_commands.h"

namespace riffle::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands{train_command()};
  return kCommands;
}

}  // namespace riffle::cli
