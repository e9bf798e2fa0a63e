// SPDX-License-Identifier: GPL-3.0-or-later
// riffle docs: docs/cli.md
#include <string>

#include "cli/commands.h"
#include "cli/parser.h"
#include "cli/reference.h"

namespace riffle::cli {

Action add_docs(CLI::App&) {
  return [](Context& context) {
    const std::string text = reference_markdown(Parser(commands()).app());
    context.out.text(text);
    context.out.document() = {{"markdown", text}};
  };
}

}  // namespace riffle::cli
