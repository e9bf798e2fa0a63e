// SPDX-License-Identifier: GPL-3.0-or-later
// Runs another program to its end.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::corpus::detail {

// Where on the PATH a program lies.
std::optional<std::filesystem::path> find_program(std::string_view name);

// Runs it with its output thrown away and no input; its exit status, or -1 where it did not start
// or ended by a signal. Safe to call from many threads.
int run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments);

}  // namespace riffle::corpus::detail
