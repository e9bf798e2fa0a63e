// SPDX-License-Identifier: GPL-3.0-or-later
// Helpers for adding options: what CLI11 does not spell in one call.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <string>
#include <vector>

namespace riffle::cli {

// Type names with a meaning for shell completion. An option whose type name is "a|b|c" completes to
// these words (add_choice makes such).
inline constexpr const char* kFileType = "FILE";
inline constexpr const char* kFolderType = "DIR";

// An option whose value is one of `words`; anything else is a usage error. `value` holds the
// default.
CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& value,
                        const std::vector<std::string>& words, const std::string& help);

// A command within a command ("models list"), with those of its examples that show it. What it does
// not know, such as --json, is left to the outer one.
CLI::App* add_within(CLI::App& app, const std::string& name, const char* summary);

// Checks for Option::check: a whole or fractional number within [low, high].
CLI::Validator between(double low, double high);

// The words of an option made by add_choice; empty for any other.
std::vector<std::string> choices_of(const CLI::Option& option);

// The options of `app` that --help shows, positional ones included, in the order they were added.
std::vector<const CLI::Option*> shown_options(const CLI::App& app);

// The subcommands of `app` that its overview shows.
std::vector<const CLI::App*> shown_commands(const CLI::App& app);
std::vector<std::string> command_names(const CLI::App& app);

bool is_flag(const CLI::Option& option);
// "N", "FILE...": the value an option takes. Empty for flags.
std::string value_text(const CLI::Option& option);
// "-v, --verbose", "--threads N", "FILE...": an option as help and documents show it. `positional`
// chooses between the two ways an option such as "audio,--audio" can be given.
std::string option_text(const CLI::Option& option, bool positional);
// The help text with what belongs to it: "Hop (default 10)", "Picture to read (required)".
std::string help_text(const CLI::Option& option);

}  // namespace riffle::cli
