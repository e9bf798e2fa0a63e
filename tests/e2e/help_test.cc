// SPDX-License-Identifier: GPL-3.0-or-later
// What the program says about itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "core/version.h"
#include "e2e/process.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;

TEST(Help, EveryCommandExplainsItself) {
  for (const auto& command : cli::commands()) {
    const Finished help = riffle({command.name, "--help"});
    EXPECT_EQ(help.status, 0) << command.name;
    EXPECT_EQ(help.err, "") << command.name;
    EXPECT_THAT(help.out, HasSubstr("Usage: riffle " + command.name + " [OPTIONS]"));
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  riffle " + command.name));
    EXPECT_THAT(help.out, HasSubstr("--threads N"));
  }
}

TEST(Help, OverviewNamesTheCommandsByGroup) {
  const Finished help = riffle({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const auto& command : cli::commands()) {
    if (command.group.empty()) continue;
    EXPECT_THAT(help.out, HasSubstr(command.group + ":\n"));
    EXPECT_THAT(help.out, HasSubstr(command.summary));
  }
}

TEST(Help, VersionIsOneLine) {
  const Finished version_line = riffle({"--version"});
  EXPECT_EQ(version_line.status, 0);
  EXPECT_EQ(version_line.out, std::string("riffle ") + version() + "\n");
}

}  // namespace
}  // namespace riffle::test
