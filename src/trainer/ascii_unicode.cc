// SPDX-License-Identifier: GPL-3.0-or-later
// text/detail/unicode.h for machines without ICU: ASCII alone. Anything else is refused, not
// guessed.
#include <cctype>

#include "core/error.h"
#include "text/detail/unicode.h"

namespace riffle::text::detail {
namespace {

constexpr char32_t kAscii = 0x80;

[[noreturn]] void refuse() {
  throw Error(ErrorCode::Unsupported, "a caption with other than ASCII characters",
              "build the trainer where ICU is installed, or spell it in ASCII");
}

unsigned char ascii(char32_t c) {
  if (c >= kAscii) refuse();
  return static_cast<unsigned char>(c);
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string points;
  for (const char c : text) points.push_back(ascii(static_cast<unsigned char>(c)));
  return points;
}

// Tokenizers ask it for the letters that stand for bytes too, so it knows all there are.
void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80U | ((c >> shift) & 0x3fU)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0U | (c >> 6)));
    tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0U | (c >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0U | (c >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_letter(char32_t c) { return std::isalpha(ascii(c)) != 0; }
bool is_number(char32_t c) { return std::isdigit(ascii(c)) != 0; }
bool is_whitespace(char32_t c) { return std::isspace(ascii(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out.push_back(static_cast<char>(std::tolower(ascii(static_cast<unsigned char>(c)))));
  }
  return out;
}

}  // namespace riffle::text::detail
