// SPDX-License-Identifier: GPL-3.0-or-later
// Range requests (RFC 9110, section 14): one range of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace riffle::server {

struct ByteRange {
  int64_t first = 0;
  int64_t last = 0;  // included
};

struct RangeChoice {
  enum class Kind { Whole, Part, Unsatisfiable };
  Kind kind = Kind::Whole;
  ByteRange part = {};
};

// Digits only; absent: something else, or nothing. Numbers too large for 64 bits are the largest.
std::optional<int64_t> digits_of(std::string_view text);

// What of `size` bytes a Range header asks for. Other units, several ranges and malformed ones are
// answered with the whole, as the standard allows.
RangeChoice choose_range(std::string_view header, int64_t size);

}  // namespace riffle::server
