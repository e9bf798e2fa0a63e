// SPDX-License-Identifier: GPL-3.0-or-later
// Splitting of the tables' text: "piano, electric piano" and "x... x...".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace riffle::corpus {

// Views of the parts between `separator`, without spaces around them; empty ones left out.
std::vector<std::string_view> split(std::string_view text, char separator = ',');

}  // namespace riffle::corpus
