// SPDX-License-Identifier: GPL-3.0-or-later
// Character references of HTML ("&amp;", "&#39;") resolved as Python's html.unescape does it.
#pragma once

#include <string>
#include <string_view>

namespace riffle::text::detail {

// `text` is UTF-8. Rules: HTML standard, "Character reference state" and the tables it refers to.
std::string html_unescape(std::string_view text);

// The table of names, in html_entity_table.cc: "name=HEX" separated by blanks. A name with '*' is
// also valid without its semicolon; "HEX+HEX" stands for two code points.
extern const char* const kHtmlEntities;

}  // namespace riffle::text::detail
