// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/record.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "shards/detail/record_fields.h"

namespace riffle::shards {
namespace {

using detail::list_of_objects;
using detail::or_null;

constexpr int kFormat = 1;
constexpr std::array kSplits{Split::Train, Split::Valid, Split::Test};

OrderedJson to_json(const Segment& segment) {
  return {{"first_frame", segment.first_frame},
          {"last_frame", segment.last_frame},
          {"captions", segment.captions},
          {"instruments", segment.instruments},
          {"drums", segment.drums},
          {"genre", segment.genre},
          {"mood", segment.mood}};
}

Segment segment_from_json(const Json& json, std::string_view where) {
  Segment segment;
  segment.first_frame = json_get<int64_t>(json, "first_frame", where);
  segment.last_frame = json_get<int64_t>(json, "last_frame", where);
  segment.captions = json_get<std::vector<std::string>>(json, "captions", where);
  segment.instruments = json_get_or<std::vector<std::string>>(json, "instruments", {}, where);
  segment.drums = json_get_or(json, "drums", false, where);
  segment.genre = json_get_or<std::string>(json, "genre", "", where);
  segment.mood = json_get_or<std::string>(json, "mood", "", where);
  return segment;
}

void check_segments(const Record& record, std::string_view where) {
  int64_t end = 0;
  for (const Segment& segment : record.segments) {
    if (segment.first_frame < end || segment.last_frame <= segment.first_frame ||
        segment.last_frame > record.frames) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: a segment has the frames {} to {}, expected them in order and "
                              "within the record's {}",
                              where, segment.first_frame, segment.last_frame, record.frames));
    }
    if (segment.captions.empty()) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: a segment has no captions", where));
    }
    end = segment.last_frame;
  }
}

}  // namespace

std::string_view name_of(Split split) {
  switch (split) {
    case Split::Train:
      return "train";
    case Split::Valid:
      return "valid";
    case Split::Test:
      return "test";
  }
  throw Error(ErrorCode::Internal, "a split without a name");
}

Split split_from_name(const std::string& name, std::string_view where) {
  for (const Split split : kSplits) {
    if (name_of(split) == name) return split;
  }
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: \"split\": expected train, valid or test, got \"{}\"", where, name));
}

OrderedJson to_json(const Record& record) {
  OrderedJson segments = OrderedJson::array();
  for (const Segment& segment : record.segments) segments.push_back(to_json(segment));
  return {{"id", record.id},
          {"song", record.song},
          {"split", name_of(record.split)},
          {"frames", record.frames},
          {"max_value", record.max_value},
          {"source", record.source},
          {"seed", record.seed},
          {"rendition", record.rendition},
          {"bpm", or_null(record.maybe_bpm)},
          {"beats_per_bar", record.beats_per_bar},
          {"first_beat_s", record.first_beat_s},
          {"key", or_null(record.maybe_key)},
          {"mode", or_null(record.maybe_mode)},
          {"genre", record.genre},
          {"groove", record.groove},
          {"soundfont", record.soundfont},
          {"segments", std::move(segments)}};
}

Record record_from_json(const Json& json, std::string_view where) {
  Record record;
  detail::read_song_facts(json, where, record);
  record.frames = json_get<int64_t>(json, "frames", where);
  record.max_value = json_get<double>(json, "max_value", where);
  record.seed = json_get_or<uint64_t>(json, "seed", 0, where);
  record.rendition = json_get_or<std::string>(json, "rendition", "", where);
  record.groove = json_get_or<std::string>(json, "groove", "", where);
  for (const Json& segment : list_of_objects(json, "segments")) {
    record.segments.push_back(segment_from_json(segment, where));
  }
  check_segments(record, where);
  return record;
}

std::vector<std::string> CorpusHeader::default_event_rows() {
  std::vector<std::string> rows;
  for (const char* name : {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"}) {
    rows.push_back(fmt::format("chroma {}", name));
  }
  rows.emplace_back("onset");
  rows.emplace_back("drum onset");
  return rows;
}

OrderedJson to_json(const CorpusHeader& header) {
  return {{"format", kFormat},
          {"spectrogram", header.spectrogram},
          {"rows", header.rows},
          {"event_rows", header.event_rows},
          {"columns_per_event", header.frames_per_event},
          {"made_by", header.made_by}};
}

CorpusHeader header_from_json(const Json& json, std::string_view where) {
  CorpusHeader header;
  detail::read_header(json, where, "corpus format", kFormat, header);
  if (!json.contains("spectrogram") || !json.at("spectrogram").is_object()) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: \"spectrogram\": expected an object", where));
  }
  header.spectrogram = OrderedJson::parse(json.at("spectrogram").dump());
  header.rows = json_get<int>(json, "rows", where);
  header.frames_per_event = json_get<int>(json, "columns_per_event", where);
  header.event_rows = json_get<std::vector<std::string>>(json, "event_rows", where);
  if (header.rows < 1 || header.frames_per_event < 1) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: {} rows, {} columns per event", where,
                                                header.rows, header.frames_per_event));
  }
  return header;
}

}  // namespace riffle::shards
