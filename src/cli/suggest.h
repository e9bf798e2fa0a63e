// SPDX-License-Identifier: GPL-3.0-or-later
// "Did you mean": the nearest of the known words to a mistyped one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::cli {

// The word with the fewest insertions, deletions, replacements and swaps of neighbours, if these
// are few enough (a third of the length, at least 2) for it to be meant; the first of equals.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& words);

}  // namespace riffle::cli
