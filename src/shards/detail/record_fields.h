// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of records that may be absent.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "shards/record.h"

namespace riffle::shards::detail {

template <class T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

template <class T>
std::optional<T> maybe_get(const Json& json, const char* key, std::string_view where) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return std::nullopt;
  return json_get<T>(json, key, where);
}

// What records and pairs both tell of a song: T is Record or PairSong.
template <class T>
void read_song_facts(const Json& json, std::string_view where, T& song) {
  song.id = json_get<std::string>(json, "id", where);
  song.song = json_get_or<std::string>(json, "song", song.id, where);
  song.split = split_from_name(json_get<std::string>(json, "split", where), where);
  song.source = json_get_or<std::string>(json, "source", "", where);
  song.maybe_bpm = maybe_get<double>(json, "bpm", where);
  song.beats_per_bar = json_get_or(json, "beats_per_bar", 4, where);
  song.first_beat_s = json_get_or(json, "first_beat_s", 0.0, where);
  song.maybe_key = maybe_get<std::string>(json, "key", where);
  song.maybe_mode = maybe_get<std::string>(json, "mode", where);
  song.genre = json_get_or<std::string>(json, "genre", "", where);
  song.soundfont = json_get_or<std::string>(json, "soundfont", "", where);
}

// What a header has of its own accord: its format, called `name` in messages, and who made it.
template <class T>
void read_header(const Json& json, std::string_view where, std::string_view name, int format,
                 T& header) {
  if (const int got = json_get<int>(json, "format", where); got != format) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("{}: {} {}, expected {}", where, name, got, format),
                "it was made by another version of riffle");
  }
  if (json.contains("made_by")) header.made_by = OrderedJson::parse(json.at("made_by").dump());
}

// The elements of a list that may be absent.
inline Json list_of_objects(const Json& json, const char* key) {
  if (!json.contains(key) || !json.at(key).is_array()) return Json::array();
  return json.at(key);
}

}  // namespace riffle::shards::detail
