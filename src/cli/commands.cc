// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"

namespace riffle::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"completion", "Shell", "Print a completion script for bash or zsh",
       "riffle completion bash > ~/.local/share/bash-completion/completions/riffle\n"
       "riffle completion zsh > ~/.zfunc/_riffle",
       add_completion},
      {"docs", "", "Print the reference of all commands as Markdown", "riffle docs > docs/cli.md",
       add_docs},
  };
  return kCommands;
}

}  // namespace riffle::cli
