// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/help.h"

#include <fmt/format.h>

#include <CLI/Formatter.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/options.h"

namespace riffle::cli {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kLeftColumn = 32;

std::vector<std::string> wrapped(const std::string& text, size_t width) {
  std::vector<std::string> lines(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
      lines.emplace_back();
    }
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

// "  LEFT        the text, wrapped into the right column", which begins a line of its own when LEFT
// is too long.
std::string entry(const std::string& left, const std::string& text) {
  std::string out = "  " + left;
  if (out.size() + 2 > kLeftColumn) out += "\n";
  size_t column = out.back() == '\n' ? 0 : out.size();
  for (const auto& line : wrapped(text, kColumns - kLeftColumn)) {
    out += std::string(kLeftColumn - column, ' ') + line + "\n";
    column = 0;
  }
  return out;
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool positional) const override {
    return entry(option_text(*option, positional), help_text(*option));
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_name(), command->get_description());
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    return fmt::format("\nUsage: {}\n", usage_of(*app, name));
  }
  // An option that can also be given by place is listed once, among the options.
  std::string make_positionals(const CLI::App* app) const override {
    const auto positional_only = app->get_options([](const CLI::Option* option) {
      return option->get_positional() && !option->nonpositional() && !option->get_group().empty();
    });
    return positional_only.empty() ? "" : make_group("Arguments", true, positional_only);
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> make_help_formatter() {
  return std::make_shared<HelpFormatter>();
}

std::string usage_of(const CLI::App& app, const std::string& name) {
  std::string usage = name;
  if (!shown_commands(app).empty()) return usage + " [OPTIONS] COMMAND ...";
  usage += " [OPTIONS]";
  for (const auto* option : shown_options(app)) {
    if (!option->get_positional()) continue;
    const std::string text = option_text(*option, true);
    usage += option->get_required() ? " " + text : fmt::format(" [{}]", text);
  }
  return usage;
}

}  // namespace riffle::cli
