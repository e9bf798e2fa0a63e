// SPDX-License-Identifier: GPL-3.0-or-later
// The little of Unicode that tokenizers need, over UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::text::detail {

// Code points of `text`. Throws Error{InvalidArgument} when it is not UTF-8.
std::u32string decode_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t code_point);

bool is_letter(char32_t c);      // general category L
bool is_number(char32_t c);      // general category N
bool is_whitespace(char32_t c);  // property White_Space

// Full lower-casing as Python's str.lower does it, final sigma included.
std::string lower(std::string_view text);

}  // namespace riffle::text::detail
