// SPDX-License-Identifier: GPL-3.0-or-later
// What is made from the table of commands: docs/cli.md and the completion scripts.
#include "cli/reference.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/options.h"
#include "cli/parser.h"
#include "core/files.h"

namespace riffle::cli {
namespace {

TEST(Reference, DocsCliIsUpToDate) {
  const Parser parser(commands());
  const auto file = std::filesystem::path(RIFFLE_SOURCE_DIR) / "docs" / "cli.md";
  std::istringstream wanted(reference_markdown(parser.app()));
  std::istringstream found(read_text_file(file, 1 << 20));
  std::string wanted_line;
  std::string found_line;
  for (int number = 1; wanted || found; ++number) {
    std::getline(wanted, wanted_line);
    std::getline(found, found_line);
    ASSERT_EQ(wanted_line, found_line)
        << "line " << number << " of docs/cli.md: run scripts/dev docs";
    ASSERT_EQ(wanted.eof(), found.eof()) << "line " << number;
  }
}

TEST(Reference, EveryCommandHasHelpAndExamplesThatStartWithIt) {
  for (const auto& command : commands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_NE(command.summary.back(), '.') << command.name;
    EXPECT_EQ(command.examples.rfind("riffle " + command.name, 0), 0U) << command.name;
    EXPECT_NE(command.examples.back(), '\n') << command.name;
  }
}

TEST(Reference, EveryOptionIsExplained) {
  const Parser parser(commands());
  for (const auto* command : parser.app().get_subcommands({})) {
    for (const auto* option : shown_options(*command)) {
      EXPECT_FALSE(option->get_description().empty())
          << command->get_name() << " " << option->get_name();
    }
  }
}

TEST(Completion, KnowsEveryCommandAndOption) {
  const Parser parser(commands());
  const std::string bash = bash_completion(parser.app());
  const std::string zsh = zsh_completion(parser.app());
  for (const auto* command : shown_commands(parser.app())) {
    EXPECT_NE(bash.find("    " + command->get_name() + ")\n"), std::string::npos);
    EXPECT_NE(zsh.find("    " + command->get_name() + ")\n"), std::string::npos);
    for (const auto* option : shown_options(*command)) {
      for (const auto& name : option->get_lnames()) {
        EXPECT_NE(bash.find("--" + name), std::string::npos) << name;
        EXPECT_NE(zsh.find("*--" + name + "["), std::string::npos) << name;
      }
    }
  }
}

}  // namespace
}  // namespace riffle::cli
