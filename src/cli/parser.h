// SPDX-License-Identifier: GPL-3.0-or-later
// The table of commands as a CLI11 parser.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/globals.h"

namespace riffle::cli {

// A parser and what it parses into. Not copied or moved: the options hold pointers into it.
class Parser {
 public:
  explicit Parser(const std::vector<Command>& commands);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Throws CLI::CallForHelp, CLI::CallForVersion (see help()) and Error{InvalidArgument} for a
  // command line that makes no sense, with the nearest command or option in the hint.
  void parse(int argc, const char* const* argv);

  const Action& action() const { return actions_.at(chosen_); }
  const std::string& name() const { return chosen_; }
  const Globals& globals() const { return globals_; }
  // The help of the command parsed so far, or of the whole program.
  std::string help() const;
  const CLI::App& app() const { return app_; }

 private:
  void add(const Command& command);
  [[noreturn]] void rethrow_usage_error(const CLI::ParseError& error) const;

  CLI::App app_;
  Globals globals_;
  std::map<std::string, Action> actions_;
  std::string chosen_;
};

}  // namespace riffle::cli
