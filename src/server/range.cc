// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/range.h"

#include <algorithm>
#include <charconv>

namespace riffle::server {

std::optional<int64_t> digits_of(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return {};
  }
  int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc::result_out_of_range ? INT64_MAX : value;
}

RangeChoice choose_range(std::string_view header, int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return {};
  const std::string_view range = header.substr(kUnit.size());
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return {};
  const auto first = digits_of(range.substr(0, dash));
  const auto last = digits_of(range.substr(dash + 1));
  if (!first && (dash > 0 || !last)) return {};
  if (first && !last && dash + 1 < range.size()) return {};
  if (first && last && *last < *first) return {};
  RangeChoice choice{RangeChoice::Kind::Part, {}};
  if (first) {
    choice.part = {*first, std::min(last.value_or(INT64_MAX), size - 1)};
  } else {
    choice.part = {std::max<int64_t>(0, size - *last), size - 1};
    if (*last == 0) choice.kind = RangeChoice::Kind::Unsatisfiable;
  }
  if (choice.part.first >= size) choice.kind = RangeChoice::Kind::Unsatisfiable;
  return choice;
}

}  // namespace riffle::server
