// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/parser.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>

#include "cli/help.h"
#include "cli/options.h"
#include "cli/suggest.h"
#include "core/error.h"
#include "core/version.h"

namespace riffle::cli {
namespace {

std::string indented(const std::string& lines) {
  std::string out = "  ";
  for (const char c : lines) out += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return out;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorCode::InvalidArgument, message, hint);
}

std::string did_you_mean(const std::string& typed, const std::vector<std::string>& words) {
  const auto word = nearest(typed, words);
  return word ? fmt::format("did you mean {}? ", *word) : "";
}

}  // namespace

Parser::Parser(const std::vector<Command>& commands)
    : app_("Riffle makes, changes and continues music.", "riffle") {
  app_.formatter(make_help_formatter());
  app_.set_version_flag("--version", fmt::format("riffle {}", version()), "Print the version");
  add_global_options(app_, globals_);
  app_.require_subcommand(1);
  app_.footer("riffle COMMAND --help explains a command and shows examples.");
  for (const auto& command : commands) add(command);
}

void Parser::add(const Command& command) {
  CLI::App* sub = app_.add_subcommand(command.name, command.summary);
  sub->group(command.group);
  sub->footer("Examples:\n" + indented(command.examples));
  actions_[command.name] = command.add(*sub);
  add_global_options(*sub, globals_);
}

void Parser::parse(int argc, const char* const* argv) {
  // "riffle help info" is "riffle info --help".
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  std::reverse(arguments.begin(), arguments.end());
  try {
    app_.parse(arguments);
  } catch (const CLI::Success&) {
    throw;
  } catch (const CLI::ParseError& error) {
    rethrow_usage_error(error);
  }
  chosen_ = app_.get_subcommands().front()->get_name();
}

std::string Parser::help() const {
  const auto chosen = app_.get_subcommands();
  return chosen.empty() ? app_.help() : chosen.front()->help("riffle");
}

void Parser::rethrow_usage_error(const CLI::ParseError& error) const {
  const auto chosen = app_.get_subcommands();
  const CLI::App& where = chosen.empty() ? app_ : *chosen.front();
  // A command within a command leaves what it does not know to the outer one.
  const auto within = where.get_subcommands();
  const CLI::App& inner = chosen.empty() || within.empty() ? where : *within.front();
  const std::string see =
      chosen.empty() ? "see riffle --help" : fmt::format("see riffle {} --help", where.get_name());
  for (const auto& word : where.remaining()) {
    if (word.size() > 1 && word[0] == '-') {
      const std::string name = word.substr(0, word.find('='));
      auto names = option_names(where);
      if (&inner != &where) {
        for (auto& known : option_names(inner)) names.push_back(std::move(known));
      }
      fail(fmt::format("unknown option {}", name), did_you_mean(name, names) + see);
    }
    if (const auto known = command_names(inner); !known.empty()) {
      fail(fmt::format("unknown command {}", word), did_you_mean(word, known) + see);
    }
    fail(fmt::format("{} does not know what to do with \"{}\"", where.get_name(), word), see);
  }
  if (chosen.empty() && error.get_name() == "RequiredError") fail("no command was given", see);
  std::string message = error.what();
  std::replace(message.begin(), message.end(), '\n', ' ');
  fail(message, see);
}

}  // namespace riffle::cli
