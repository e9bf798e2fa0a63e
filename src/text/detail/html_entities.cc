// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/detail/html_entities.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "text/detail/unicode.h"

namespace riffle::text::detail {
namespace {

constexpr size_t kLongestName = 32;  // characters looked at after '&', as in Python

struct Entity {
  std::string text;
  bool without_semicolon = false;
};
using Entities = std::unordered_map<std::string_view, Entity>;

Entities parse_table() {
  Entities entities;
  std::string_view rest = kHtmlEntities;
  while (!rest.empty()) {
    const std::string_view row = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), row.size() + 1));
    const size_t equals = row.find('=');
    const bool star = row[equals - 1] == '*';
    Entity entity;
    entity.without_semicolon = star;
    const char* at = row.data() + equals;
    while (at != row.data() + row.size()) {
      uint32_t code_point = 0;
      at = std::from_chars(at + 1, row.data() + row.size(), code_point, 16).ptr;
      append_utf8(entity.text, code_point);
    }
    entities.emplace(row.substr(0, star ? equals - 1 : equals), std::move(entity));
  }
  return entities;
}

const Entities& entities() {
  static const Entities table = parse_table();
  return table;
}

// What browsers show for the numbers of Windows-1252's upper control characters.
constexpr char32_t kWindows1252[32] = {
    0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
    0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

// Numbers that stand for no character: controls but for white space, and noncharacters.
bool stands_for_nothing(uint32_t n) {
  const bool control =
      (n >= 0x1 && n <= 0x8) || n == 0xb || (n >= 0xe && n <= 0x1f) || (n >= 0x7f && n <= 0x9f);
  return control || (n >= 0xfdd0 && n <= 0xfdef) || (n & 0xfffe) == 0xfffe;
}

std::string from_number(uint32_t n) {
  char32_t c = n;
  if (n >= 0x80 && n < 0xa0) {
    c = kWindows1252[n - 0x80];
  } else if (n == 0 || n > 0x10ffff || (n >= 0xd800 && n < 0xe000)) {
    c = 0xfffd;
  } else if (stands_for_nothing(n)) {
    return {};
  }
  std::string out;
  append_utf8(out, c);
  return out;
}

struct Reference {
  std::string text;
  size_t length = 0;  // bytes after the '&' that it takes up
};

// "#38;" or "#x26;", the semicolon being optional.
std::optional<Reference> numeric(std::string_view after) {
  const bool hex = after.size() > 1 && (after[1] == 'x' || after[1] == 'X');
  const char* begin = after.data() + (hex ? 2 : 1);
  const char* const end = after.data() + after.size();
  uint32_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (error == std::errc::invalid_argument) return std::nullopt;
  Reference found{from_number(error == std::errc::result_out_of_range ? UINT32_MAX : value),
                  static_cast<size_t>(stop - after.data())};
  if (stop != end && *stop == ';') ++found.length;
  return found;
}

// The bytes after '&' that could be a name: no blanks, '<', '&', '#' or ';', at most 32 characters.
std::string_view name_after(std::string_view after) {
  size_t size = 0;
  size_t characters = 0;
  for (; size < after.size(); ++size) {
    const bool begins_character = (static_cast<uint8_t>(after[size]) & 0xc0) != 0x80;
    if (std::string_view("\t\n\f <&#;").find(after[size]) != std::string_view::npos) break;
    if (begins_character && characters++ == kLongestName) break;
  }
  return after.substr(0, size);
}

std::optional<Reference> named(std::string_view after) {
  const std::string_view name = name_after(after);
  const auto& table = entities();
  const auto whole = table.find(name);
  const bool closed = name.size() < after.size() && after[name.size()] == ';';
  if (whole != table.end() && (closed || whole->second.without_semicolon)) {
    return Reference{whole->second.text, name.size() + (closed ? 1 : 0)};
  }
  // "&notit" begins with "&not": the longest beginning that is valid without a semicolon. Without
  // one, Python does not look at a single letter.
  for (size_t size = closed ? name.size() : name.size() - std::min<size_t>(name.size(), 1);
       size > 1; --size) {
    const auto part = table.find(name.substr(0, size));
    if (part != table.end() && part->second.without_semicolon)
      return Reference{part->second.text, size};
  }
  return std::nullopt;
}

}  // namespace

std::string html_unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t plain = std::min(text.find('&'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::string_view after = text.substr(1);
    const auto found = after.starts_with('#') ? numeric(after) : named(after);
    if (found) out.append(found->text);
    if (!found) out.push_back('&');
    text.remove_prefix(1 + (found ? found->length : 0));
  }
  return out;
}

}  // namespace riffle::text::detail
