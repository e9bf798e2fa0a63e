// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base64.h"

#include <algorithm>
#include <string_view>

namespace riffle {

std::string base64(std::span<const uint8_t> bytes, size_t line) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  size_t in_line = 0;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? bytes[at + i] : 0);
    for (size_t i = 0; i < 4; ++i) {
      text += i <= count ? kLetters[group >> (18 - 6 * i) & 63] : '=';
    }
    in_line += 4;
    if (line > 0 && in_line >= line) {
      text += '\n';
      in_line = 0;
    }
  }
  if (line > 0 && in_line > 0) text += '\n';
  return text;
}

}  // namespace riffle
