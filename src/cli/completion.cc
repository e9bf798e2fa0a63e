// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cli/options.h"

namespace riffle::cli {
namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

// The words a positional argument can be, such as "bash" and "zsh"; empty: files.
std::vector<std::string> positional_words(const CLI::App& app) {
  if (auto names = command_names(app); !names.empty()) return names;
  for (const auto* option : shown_options(app)) {
    if (option->get_positional()) return choices_of(*option);
  }
  return {};
}

// In zsh's _arguments, these would end the text they stand in.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out;
}

std::string zsh_value(const CLI::Option& option) {
  if (is_flag(option)) return {};
  const auto words = choices_of(option);
  if (!words.empty()) return fmt::format(":value:({})", fmt::join(words, " "));
  const std::string type = option.get_type_name();
  if (type == kFolderType) return ":folder:_files -/";
  if (type == kFileType) return ":file:_files";
  return fmt::format(":{}: ", zsh_text(type));
}

// The options of a command and of the commands within it, each name once.
std::vector<const CLI::Option*> all_options(const CLI::App& app) {
  auto options = shown_options(app);
  const auto is_new = [&](const CLI::Option* option) {
    return std::none_of(options.begin(), options.end(), [&](const CLI::Option* known) {
      return names_of(*known) == names_of(*option);
    });
  };
  for (const auto* command : shown_commands(app)) {
    for (const auto* option : shown_options(*command)) {
      if (is_new(option)) options.push_back(option);
    }
  }
  return options;
}

std::string zsh_arguments(const CLI::App& app) {
  std::string out;
  for (const auto* option : all_options(app)) {
    for (const auto& name : names_of(*option)) {
      out += fmt::format(" \\\n        '*{}[{}]{}'", name, zsh_text(option->get_description()),
                         zsh_value(*option));
    }
  }
  const auto words = positional_words(app);
  return out + (words.empty() ? " \\\n        '*:file:_files'"
                              : fmt::format(" \\\n        '*:word:({})'", fmt::join(words, " ")));
}

// case branches "--device) words='auto cpu cuda' ;;" of the options that take a value.
std::string bash_values(const CLI::App& app) {
  std::string out;
  for (const auto* option : all_options(app)) {
    const auto names = names_of(*option);
    if (names.empty() || is_flag(*option)) continue;
    const auto words = choices_of(*option);
    const std::string type = option->get_type_name();
    std::string does = "return";  // a number or a text: nothing to offer
    if (!words.empty()) {
      does =
          fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$word\")); return", fmt::join(words, " "));
    } else if (type == kFolderType) {
      does = "COMPREPLY=($(compgen -d -- \"$word\")); return";
    } else if (type == kFileType) {
      does = "COMPREPLY=($(compgen -f -- \"$word\")); return";
    }
    out += fmt::format("        {}) {} ;;\n", fmt::join(names, "|"), does);
  }
  return out;
}

std::string bash_branch(const CLI::App& app) {
  std::vector<std::string> options;
  for (const auto* option : all_options(app)) {
    for (const auto& name : names_of(*option)) options.push_back(name);
  }
  return fmt::format(
      "    {})\n"
      "      case \"$before\" in\n{}      esac\n"
      "      options='{}'\n"
      "      words='{}' ;;\n",
      app.get_name(), bash_values(app), fmt::join(options, " "),
      fmt::join(positional_words(app), " "));
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string branches;
  for (const auto* command : shown_commands(app)) branches += bash_branch(*command);
  return fmt::format(R"(# bash completion for riffle; made by: riffle completion bash
_riffle() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command='' options='--help --version' words='' i
  local commands='{}'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ " $commands " == *" ${{COMP_WORDS[i]}} "* ]]; then
      command="${{COMP_WORDS[i]}}"
      break
    fi
  done
  case "$command" in
    '') words="$commands" ;;
{}  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif [[ -n "$words" ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _riffle riffle
)",
                     fmt::join(command_names(app), " "), branches);
}

std::string zsh_completion(const CLI::App& app) {
  std::string summaries;
  std::string branches;
  for (const auto* command : shown_commands(app)) {
    summaries +=
        fmt::format("    '{}:{}'\n", command->get_name(), zsh_text(command->get_description()));
    branches += fmt::format("    {})\n      _arguments{} ;;\n", command->get_name(),
                            zsh_arguments(*command));
  }
  return fmt::format(R"(#compdef riffle
# zsh completion for riffle; made by: riffle completion zsh
_riffle() {{
  local -a commands
  commands=(
{})
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command="${{words[2]}}"
  shift words
  (( CURRENT-- ))
  case "$command" in
{}  esac
}}
if [[ "$funcstack[1]" == _riffle ]]; then
  _riffle "$@"
else
  compdef _riffle riffle
fi
)",
                     summaries, branches);
}

}  // namespace riffle::cli
