// SPDX-License-Identifier: GPL-3.0-or-later
// Tags of a sound file: an ordered list of key and value.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace riffle::audio {

// Keys are lower case and the same for every container: title, artist, album, album_artist,
// comment, date, genre, track, composer, copyright, ... (FFmpeg's generic names, then whatever the
// file has). Values are UTF-8, not empty, without NUL. A key stands at most once.
using Tags = std::vector<std::pair<std::string, std::string>>;

// nullptr when absent.
const std::string* find_tag(const Tags& tags, std::string_view key);

// Replaces the value in its place, or appends.
void set_tag(Tags& tags, std::string_view key, std::string value);

// What a writer requires: keys of printable lower-case ASCII without '=', at most 255 long, none
// twice; values valid UTF-8 without NUL and not empty; at most 4 MiB in all. Throws
// Error{InvalidArgument} naming the key.
void validate_tags(const Tags& tags);

// The text itself when it is valid UTF-8; otherwise its bytes read as ISO 8859-1, which is what old
// taggers wrote.
std::string to_utf8(std::string_view text);

}  // namespace riffle::audio
