// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/id3v2.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace riffle::audio::detail {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kTextFrames = {{
    {"title", "TIT2"},
    {"artist", "TPE1"},
    {"album", "TALB"},
    {"album_artist", "TPE2"},
    {"performer", "TPE3"},
    {"composer", "TCOM"},
    {"copyright", "TCOP"},
    {"date", "TDRC"},
    {"genre", "TCON"},
    {"grouping", "TIT1"},
    {"track", "TRCK"},
    {"disc", "TPOS"},
    {"compilation", "TCMP"},
    {"language", "TLAN"},
    {"publisher", "TPUB"},
    {"encoded_by", "TENC"},
    {"encoder", "TSSE"},
}};

// Sizes have 7 bits a byte, so that they cannot look like the start of an mp3 frame.
void append_size(std::string& to, size_t size) {
  for (const int shift : {21, 14, 7, 0}) to += static_cast<char>((size >> shift) & 0x7F);
}

void append_frame(std::string& to, std::string_view id, const std::string& body) {
  to += id;
  append_size(to, body.size());
  to.append(2, '\0');  // flags
  to += body;
}

// Frame and body of one tag; text encoding 3 is UTF-8.
void append_tag(std::string& to, const std::string& key, const std::string& value) {
  constexpr char kUtf8 = 3;
  constexpr std::string_view kAnyLanguage("XXX");
  if (key == "comment" || key == "lyrics") {
    std::string body(1, kUtf8);
    body += kAnyLanguage;
    body += '\0';  // an empty description
    append_frame(to, key == "comment" ? "COMM" : "USLT", body + value);
    return;
  }
  const auto* frame = std::find_if(kTextFrames.begin(), kTextFrames.end(),
                                   [&key](const auto& row) { return row.first == key; });
  std::string body(1, kUtf8);
  if (frame == kTextFrames.end()) {
    body += key;
    body += '\0';
  }
  append_frame(to, frame == kTextFrames.end() ? "TXXX" : frame->second, body + value);
}

}  // namespace

std::vector<uint8_t> id3v2_tag(const Tags& tags) {
  if (tags.empty()) return {};
  std::string frames;
  for (const auto& [key, value] : tags) append_tag(frames, key, value);
  std::string tag = "ID3";
  tag += '\4';          // version 2.4
  tag.append(2, '\0');  // revision, flags
  append_size(tag, frames.size());
  tag += frames;
  return {tag.begin(), tag.end()};
}

}  // namespace riffle::audio::detail
