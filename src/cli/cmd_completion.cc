// SPDX-License-Identifier: GPL-3.0-or-later
// riffle completion bash|zsh
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/options.h"
#include "cli/parser.h"

namespace riffle::cli {

Action add_completion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  add_choice(app, "shell", *shell, {"bash", "zsh"}, "bash or zsh")->required();
  return [shell](Context& context) {
    const Parser parser(commands());
    const std::string script =
        *shell == "bash" ? bash_completion(parser.app()) : zsh_completion(parser.app());
    context.out.text(script);
    context.out.document() = {{"shell", *shell}, {"script", script}};
  };
}

}  // namespace riffle::cli
