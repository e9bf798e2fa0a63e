// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace riffle::cli {

CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& value,
                        const std::vector<std::string>& words, const std::string& help) {
  const CLI::Validator one_of(
      [words](const std::string& given) {
        return std::find(words.begin(), words.end(), given) != words.end()
                   ? std::string()
                   : fmt::format("{} is not one of {}", given, fmt::join(words, ", "));
      },
      "");
  return app.add_option(name, value, help)
      ->type_name(fmt::format("{}", fmt::join(words, "|")))
      ->check(one_of)
      ->capture_default_str();
}

CLI::App* add_within(CLI::App& app, const std::string& name, const char* summary) {
  CLI::App* command = app.add_subcommand(name, summary);
  command->fallthrough();
  std::istringstream lines(app.get_footer());
  std::string footer = "Examples:";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(fmt::format("  riffle {} {}", app.get_name(), name)))
      footer += "\n" + line;
  }
  command->footer(footer);
  return command;
}

CLI::Validator between(double low, double high) {
  return CLI::Validator(
      [low, high](const std::string& given) {
        double value = 0;
        const bool fits = CLI::detail::lexical_cast(given, value) && value >= low && value <= high;
        return fits ? std::string() : fmt::format("{} is not within {} to {}", given, low, high);
      },
      "");
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.find('|') == std::string::npos) return {};
  std::vector<std::string> words;
  size_t begin = 0;
  while (true) {
    const size_t end = type.find('|', begin);
    words.push_back(type.substr(begin, end - begin));
    if (end == std::string::npos) return words;
    begin = end + 1;
  }
}

std::vector<const CLI::Option*> shown_options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return !option->get_group().empty(); });
}

std::vector<const CLI::App*> shown_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : shown_commands(app)) names.push_back(command->get_name());
  return names;
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

std::string value_text(const CLI::Option& option) {
  if (is_flag(option)) return {};
  std::string text = option.get_type_name();
  if (option.get_expected_max() >= CLI::detail::expected_max_vector_size) text += "...";
  return text;
}

std::string option_text(const CLI::Option& option, bool positional) {
  if (positional) {
    const bool many = option.get_expected_max() >= CLI::detail::expected_max_vector_size;
    return option.get_name(true, false) + (many ? "..." : "");
  }
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  const std::string value = value_text(option);
  return fmt::format("{}{}{}", fmt::join(names, ", "), value.empty() ? "" : " ", value);
}

std::string help_text(const CLI::Option& option) {
  std::string text = option.get_description();
  if (option.get_required()) text += " (required)";
  const std::string value = option.get_default_str();
  if (!value.empty() && value != "\"\"") text += fmt::format(" (default {})", value);
  return text;
}

}  // namespace riffle::cli
