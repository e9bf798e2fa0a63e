// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/help.h"
#include "cli/options.h"

namespace riffle::cli {
namespace {

constexpr const char* kIntroduction = R"(# Commands of riffle

<!-- Made by `scripts/dev docs` from the table in src/cli/commands.cc: do not edit. -->

Results go to stdout, progress and messages to stderr. A file is written under a hidden name and takes
its own name only when it is whole: Ctrl-C leaves no half-written file (a second Ctrl-C stops at once).

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | the system refused to read or write, the build cannot do it, or a defect |
| 2 | the command line makes no sense |
| 3 | a file is not there |
| 4 | a file is there but cannot be used |
| 5 | not enough memory |
| 6 | the accelerator is missing or failed |
| 130 | cancelled |

With `--json` stdout carries one JSON document; when the command fails, its field `error` holds `code`,
`message` and `hint`.
)";

// Text in a table cell: "|" would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string option_rows(const std::vector<const CLI::Option*>& options) {
  std::string rows = "| option | meaning |\n|---|---|\n";
  for (const auto* option : options) {
    const std::string name = option_text(*option, !option->nonpositional());
    rows += fmt::format("| `{}` | {} |\n", cell(name), cell(help_text(*option)));
  }
  return rows;
}

bool is_global(const CLI::App& app, const CLI::Option& option) {
  for (const auto& name : option.get_lnames()) {
    if (app.get_option_no_throw("--" + name) != nullptr) return true;
  }
  return false;
}

// `name`: with the commands it is within ("models pull"); `heading`: "##" or deeper.
std::string command_section(const CLI::App& app, const CLI::App& command, const std::string& name,
                            const std::string& heading) {
  std::vector<const CLI::Option*> own;
  for (const auto* option : shown_options(command)) {
    if (!is_global(app, *option)) own.push_back(option);
  }
  std::string section = fmt::format("\n{} {}\n\n{}.\n\n    {}\n", heading, name,
                                    command.get_description(), usage_of(command, "riffle " + name));
  if (!own.empty()) section += "\n" + option_rows(own);
  // The footer is "Examples:" and indented lines.
  const std::string footer = command.get_footer();
  const size_t lines = footer.find('\n');
  if (lines != std::string::npos) {
    section += "\nExamples:\n\n```sh\n";
    for (size_t begin = lines + 1; begin < footer.size();) {
      const size_t end = std::min(footer.find('\n', begin), footer.size());
      section += footer.substr(begin + 2, end - begin - 2) + "\n";
      begin = end + 1;
    }
    section += "```\n";
  }
  for (const auto* inner : shown_commands(command)) {
    section += command_section(app, *inner, name + " " + inner->get_name(), heading + "#");
  }
  return section;
}

}  // namespace

std::string reference_markdown(const CLI::App& app) {
  std::string text = kIntroduction;
  std::string group;
  for (const auto* command : shown_commands(app)) {
    if (command->get_group() != group) {
      group = command->get_group();
      text += fmt::format("\n**{}**\n\n", group);
    }
    text += fmt::format("- [`riffle {0}`](#{0}): {1}\n", command->get_name(),
                        command->get_description());
  }
  text += "\n## Options of every command\n\nThey may stand before the command or after it.\n\n";
  text += option_rows(shown_options(app));
  for (const auto* command : shown_commands(app)) {
    text += command_section(app, *command, command->get_name(), "##");
  }
  return text;
}

}  // namespace riffle::cli
