// SPDX-License-Identifier: GPL-3.0-or-later
// What a corpus says about its records: the lines of the .jsonl files and corpus.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace riffle::shards {

enum class Split { Train, Valid, Test };
std::string_view name_of(Split split);  // "train", "valid", "test"
// Throws Error{BadFile}, beginning with `where`, for another name.
Split split_from_name(const std::string& name, std::string_view where);

// A part of a record that captions speak of: frames [first_frame, last_frame).
struct Segment {
  int64_t first_frame = 0;
  int64_t last_frame = 0;
  std::vector<std::string> captions;  // several wordings; at least one
  std::vector<std::string> instruments;
  bool drums = false;
  std::string genre;
  std::string mood;

  int64_t frames() const { return last_frame - first_frame; }
  // One pitched instrument, and nothing else.
  bool solo() const { return !drums && instruments.size() == 1; }
};

// One mono rendition of a song, or an excerpt of a recording.
struct Record {
  std::string id;    // unique in the corpus; names the tensors <id>.levels and <id>.events
  std::string song;  // records of one song share it, and are in one split
  Split split = Split::Train;
  int64_t frames = 0;
  double max_value = 0;   // mel amplitude of level 0 (black), on the scale of int16 samples
  std::string source;     // "synth" or "folder"
  uint64_t seed = 0;      // of a synthetic song
  std::string rendition;  // which stems sound: "mix", "no drums", ...
  std::optional<double> maybe_bpm;
  int beats_per_bar = 4;
  double first_beat_s = 0;
  std::optional<std::string> maybe_key;   // "F#"
  std::optional<std::string> maybe_mode;  // "minor"
  std::string genre;
  std::string groove;
  std::string soundfont;
  std::vector<Segment> segments;  // in order, without overlap
};

OrderedJson to_json(const Record& record);
// `where` begins messages. Throws Error{BadFile} for fields missing or of another type, segments
// outside the record and segments without captions.
Record record_from_json(const Json& json, std::string_view where);

// What all records of a corpus have in common: corpus.json.
struct CorpusHeader {
  OrderedJson spectrogram;   // the fields of a bundle's spectrogram.json
  OrderedJson made_by = {};  // what a resumed run must have in common with the first
  int rows = 256;            // of <id>.levels: spectrogram's num_frequencies
  int frames_per_event = 8;  // frames under one column of <id>.events
  std::vector<std::string> event_rows = default_event_rows();

  // "chroma C", ... "chroma B", "onset", "drum onset"
  static std::vector<std::string> default_event_rows();
};

OrderedJson to_json(const CorpusHeader& header);
// Throws Error{BadFile} for fields missing or of another type, Error{Unsupported} for a format that
// is not 1.
CorpusHeader header_from_json(const Json& json, std::string_view where);

}  // namespace riffle::shards
