// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/parser.h"

#include <CLI/CLI.hpp>

#include <gtest/gtest.h>

#include "cli/options.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::cli {
namespace {

struct Given {
  int number = 7;
  std::string colour = "red";
  std::vector<std::string> files;
};

class ParserTest : public ::testing::Test {
 protected:
  // Parses into given_ with a table of two commands.
  void parse(const std::vector<const char*>& words) {
    std::vector<const char*> argv = {"riffle"};
    argv.insert(argv.end(), words.begin(), words.end());
    parser_.parse(static_cast<int>(argv.size()), argv.data());
  }

  Given given_;
  Parser parser_{
      {{"paint", "Work", "Paint files", "riffle paint a b",
        [this](CLI::App& app) {
          app.add_option("files", given_.files, "Files")->type_name(kFileType)->required();
          app.add_option("--number", given_.number, "How many")->check(between(1, 9));
          add_choice(app, "--colour", given_.colour, {"red", "blue"}, "Which");
          return [](Context&) {};
        }},
       {"hide", "", "Not shown", "riffle hide", [](CLI::App&) { return [](Context&) {}; }}}};
};

TEST_F(ParserTest, FillsOptionsAndKeepsDefaults) {
  parse({"paint", "x", "--colour", "blue", "y"});
  EXPECT_EQ(parser_.name(), "paint");
  EXPECT_EQ(given_.colour, "blue");
  EXPECT_EQ(given_.number, 7);
  EXPECT_EQ(given_.files, (std::vector<std::string>{"x", "y"}));
}

TEST_F(ParserTest, GlobalsStandBeforeOrAfterTheCommand) {
  parse({"--threads", "3", "--json", "paint", "x", "-vv", "--device", "cpu"});
  EXPECT_EQ(parser_.globals().threads, 3);
  EXPECT_TRUE(parser_.globals().json);
  EXPECT_EQ(parser_.globals().verbosity, 2);
  EXPECT_EQ(parser_.globals().device, "cpu");
}

TEST_F(ParserTest, FileMayBeNamedLikeACommand) {
  parse({"paint", "paint", "hide"});
  EXPECT_EQ(given_.files, (std::vector<std::string>{"paint", "hide"}));
}

TEST_F(ParserTest, UsageErrorsNameWhatIsWrongAndWhatWasMeant) {
  EXPECT_RIFFLE_ERROR(parse({}), ErrorCode::InvalidArgument, "no command");
  EXPECT_RIFFLE_ERROR(parse({"piant", "x"}), ErrorCode::InvalidArgument, "unknown command piant");
  EXPECT_RIFFLE_ERROR(parse({"paint"}), ErrorCode::InvalidArgument, "files is required");
  EXPECT_RIFFLE_ERROR(parse({"paint", "x", "--number", "10"}), ErrorCode::InvalidArgument,
                      "10 is not within 1 to 9");
  EXPECT_RIFFLE_ERROR(parse({"paint", "x", "--number", "two"}), ErrorCode::InvalidArgument, "two");
  EXPECT_RIFFLE_ERROR(parse({"paint", "x", "--colour", "green"}), ErrorCode::InvalidArgument,
                      "green is not one of red, blue");
  EXPECT_RIFFLE_ERROR(parse({"hide", "x"}), ErrorCode::InvalidArgument, "\"x\"");
  try {
    parse({"paint", "x", "--colur=red"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.message(), "unknown option --colur");
    EXPECT_NE(e.hint().find("did you mean --colour?"), std::string::npos) << e.hint();
  }
}

TEST_F(ParserTest, HelpShowsDefaultsChoicesAndExamples) {
  EXPECT_THROW(parse({"paint", "--help"}), CLI::CallForHelp);
  const std::string help = parser_.help();
  EXPECT_NE(help.find("Usage: riffle paint [OPTIONS] files..."), std::string::npos) << help;
  EXPECT_NE(help.find("--colour red|blue             Which (default red)"), std::string::npos)
      << help;
  EXPECT_NE(help.find("Examples:\n  riffle paint a b"), std::string::npos) << help;
}

TEST_F(ParserTest, HelpCommandIsHelp) {
  EXPECT_THROW(parse({"help", "paint"}), CLI::CallForHelp);
  EXPECT_NE(parser_.help().find("riffle paint"), std::string::npos);
}

TEST_F(ParserTest, HiddenCommandsAreNotInTheOverview) {
  EXPECT_THROW(parse({"--help"}), CLI::CallForHelp);
  EXPECT_NE(parser_.help().find("Paint files"), std::string::npos);
  EXPECT_EQ(parser_.help().find("Not shown"), std::string::npos);
}

}  // namespace
}  // namespace riffle::cli
