// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "core/error.h"

namespace riffle::audio {
namespace {

constexpr size_t kMaxKeyBytes = 255;
constexpr size_t kMaxTagBytes = 4 << 20;

// Bytes of the UTF-8 sequence that begins with `lead`; 0 where none can.
size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = sequence_length(lead);
    if (length == 0 || length > text.size() - i) return false;
    for (size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      unsigned char lowest = 0x80;
      unsigned char highest = 0xBF;
      if (k == 1 && lead == 0xE0) lowest = 0xA0;
      if (k == 1 && lead == 0xED) highest = 0x9F;
      if (k == 1 && lead == 0xF0) lowest = 0x90;
      if (k == 1 && lead == 0xF4) highest = 0x8F;
      if (byte < lowest || byte > highest) return false;
    }
    i += length;
  }
  return true;
}

[[noreturn]] void refuse(std::string_view key, const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, fmt::format("tag \"{}\": {}", to_utf8(key), why));
}

void validate_key(std::string_view key) {
  if (key.empty()) refuse(key, "the key is empty");
  if (key.size() > kMaxKeyBytes) {
    refuse(key, fmt::format("the key has {} bytes, expected at most {}", key.size(), kMaxKeyBytes));
  }
  for (const char c : key) {
    if (c < 0x20 || c > 0x7D || c == '=' || (c >= 'A' && c <= 'Z')) {
      refuse(key, "the key has a character other than printable lower-case ASCII without '='");
    }
  }
}

}  // namespace

const std::string* find_tag(const Tags& tags, std::string_view key) {
  const auto found =
      std::find_if(tags.begin(), tags.end(), [key](const auto& tag) { return tag.first == key; });
  return found == tags.end() ? nullptr : &found->second;
}

void set_tag(Tags& tags, std::string_view key, std::string value) {
  for (auto& tag : tags) {
    if (tag.first != key) continue;
    tag.second = std::move(value);
    return;
  }
  tags.emplace_back(std::string(key), std::move(value));
}

void validate_tags(const Tags& tags) {
  size_t bytes = 0;
  for (size_t i = 0; i < tags.size(); ++i) {
    const auto& [key, value] = tags[i];
    validate_key(key);
    for (size_t k = 0; k < i; ++k) {
      if (tags[k].first == key) refuse(key, "it stands twice in the list");
    }
    if (value.empty()) refuse(key, "the value is empty");
    if (!is_utf8(value) || value.find('\0') != std::string::npos) {
      refuse(key, "the value is not UTF-8 text without NUL");
    }
    bytes += key.size() + value.size();
  }
  if (bytes > kMaxTagBytes) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("tags: {} bytes in all, expected at most {}", bytes, kMaxTagBytes));
  }
}

std::string to_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

}  // namespace riffle::audio
