// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/pairs.h"

#include <fmt/format.h>

#include "core/error.h"
#include "shards/detail/record_fields.h"

namespace riffle::shards {
namespace {

using detail::list_of_objects;
using detail::or_null;

constexpr int kFormat = 2;  // 1 had no chroma

OrderedJson to_json(const PairStem& stem) {
  return {{"instrument", stem.instrument},
          {"role", stem.role},
          {"drums", stem.drums},
          {"captions", stem.captions}};
}

PairStem stem_from_json(const Json& json, std::string_view where) {
  return {.instrument = json_get<std::string>(json, "instrument", where),
          .role = json_get_or<std::string>(json, "role", "", where),
          .drums = json_get_or(json, "drums", false, where),
          .captions = json_get_or<std::vector<std::string>>(json, "captions", {}, where)};
}

void check_mixes(const PairSong& song, std::string_view where) {
  const auto stems = static_cast<int64_t>(song.stems.size());
  for (const auto& mix : song.mixes) {
    for (const int64_t stem : mix) {
      if (stem >= 0 && stem < stems) continue;
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: a mix of stem {}, expected 0 to {}", where, stem, stems - 1));
    }
  }
}

}  // namespace

OrderedJson to_json(const PairSong& song) {
  OrderedJson stems = OrderedJson::array();
  for (const PairStem& stem : song.stems) stems.push_back(to_json(stem));
  OrderedJson chords = OrderedJson::array();
  for (const PairChord& chord : song.chords) {
    chords.push_back(
        {{"start_s", chord.start_s}, {"root", chord.root}, {"quality", chord.quality}});
  }
  return {{"id", song.id},
          {"song", song.song},
          {"split", name_of(song.split)},
          {"columns", song.columns},
          {"source", song.source},
          {"bpm", or_null(song.maybe_bpm)},
          {"beats_per_bar", song.beats_per_bar},
          {"first_beat_s", song.first_beat_s},
          {"key", or_null(song.maybe_key)},
          {"mode", or_null(song.maybe_mode)},
          {"genre", song.genre},
          {"soundfont", song.soundfont},
          {"chords", std::move(chords)},
          {"stems", std::move(stems)},
          {"mixes", song.mixes}};
}

PairSong pair_song_from_json(const Json& json, std::string_view where) {
  PairSong song;
  detail::read_song_facts(json, where, song);
  song.columns = json_get<int64_t>(json, "columns", where);
  for (const Json& chord : list_of_objects(json, "chords")) {
    song.chords.push_back({.start_s = json_get<double>(chord, "start_s", where),
                           .root = json_get<int>(chord, "root", where),
                           .quality = json_get_or<std::string>(chord, "quality", "", where)});
  }
  for (const Json& stem : list_of_objects(json, "stems")) {
    song.stems.push_back(stem_from_json(stem, where));
  }
  if (json.contains("mixes") && json.at("mixes").is_array()) {
    try {
      song.mixes = json.at("mixes").get<std::vector<std::vector<int64_t>>>();
    } catch (const Json::exception&) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: \"mixes\": expected lists of stems", where));
    }
  }
  check_mixes(song, where);
  return song;
}

OrderedJson to_json(const PairHeader& header) {
  return {{"format", kFormat},
          {"channels", header.channels},
          {"sample_rate", header.sample_rate},
          {"samples_per_column", header.samples_per_column},
          {"autoencoder", header.autoencoder},
          {"max_value", header.max_value},
          {"made_by", header.made_by}};
}

PairHeader pair_header_from_json(const Json& json, std::string_view where) {
  PairHeader header;
  detail::read_header(json, where, "format", kFormat, header);
  header.channels = json_get<int64_t>(json, "channels", where);
  header.sample_rate = json_get<int>(json, "sample_rate", where);
  header.samples_per_column = json_get<int64_t>(json, "samples_per_column", where);
  header.autoencoder = json_get_or<std::string>(json, "autoencoder", "", where);
  header.max_value = json_get_or(json, "max_value", 0.0, where);
  if (header.channels < 1 || header.sample_rate < 1 || header.samples_per_column < 1) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected channels, sample_rate and "
                                                "samples_per_column above 0",
                                                where));
  }
  return header;
}

std::filesystem::path pair_header_path(const std::filesystem::path& pairs) {
  return pairs / "pairs.json";
}

std::filesystem::path embeddings_path(const std::filesystem::path& pairs, int64_t shard) {
  return pairs / "embeddings" / fmt::format("{:05}.safetensors", shard);
}

std::string stem_name(const std::string& id, size_t stem) {
  return fmt::format("{}.stem.{}", id, stem);
}
std::string mix_name(const std::string& id, size_t mix) {
  return fmt::format("{}.mix.{}", id, mix);
}
std::string chroma_name(const std::string& sound) { return sound + ".chroma"; }
std::string active_name(const std::string& id) { return id + ".active"; }
std::string style_name(const std::string& id, size_t stem) {
  return fmt::format("{}.style.{}", id, stem);
}

std::string words_name(const std::string& id, size_t stem) {
  return fmt::format("{}.words.{}", id, stem);
}

}  // namespace riffle::shards
