// SPDX-License-Identifier: GPL-3.0-or-later
// What people write about their own recordings: captions.jsonl (or metadata.jsonl), captions.csv
// (or metadata.csv), or a .txt beside each file.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::corpus {

struct Described {
  std::vector<std::string> captions;
  std::optional<double> maybe_bpm;
  std::optional<std::string> maybe_key;   // "F#"
  std::optional<std::string> maybe_mode;  // "minor"
  std::string genre;
  std::string mood;
  std::vector<std::string> instruments;
  bool drums = false;
  std::string split;  // "train", "valid", "test"; empty: not said
};

// By file, relative to the folder, as written there.
using Descriptions = std::map<std::string, Described>;

// What the folder's own files say; empty where there are none. Of the fields "file" (or
// "file_name", "audio", "path"), "caption" (or "text", or the list "captions"), "bpm", "key",
// "mode", "genre", "mood", "instruments", "drums", "split" only the first two are needed. A file
// named in several lines gets all their captions. Throws Error{BadFile} naming file and line.
Descriptions read_descriptions(const std::filesystem::path& folder);

// The lines of the .txt beside a recording: "song.txt" or "song.mp3.txt". Empty: there is none.
std::vector<std::string> read_sidecar(const std::filesystem::path& recording);

// Rows of comma separated values after RFC 4180: quoted fields may hold commas, line ends and
// doubled quotes. Throws Error{BadFile} for a quote that is not closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, std::string_view where);

}  // namespace riffle::corpus
