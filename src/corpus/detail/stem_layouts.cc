// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/detail/stem_layouts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "corpus/instruments.h"
#include "corpus/text.h"

namespace riffle::corpus::detail {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxDescription = 16 << 20;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::vector<fs::path> sound_files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && entry.is_regular_file() && is_sound_file(entry.path())) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Names of stems in MUSDB and MoisesDB, and what captions call them.
SourceStem stem_called(const std::string& name) {
  static const std::map<std::string, std::string> kWords = {
      {"bass", "bass guitar"},      {"drums", "drums"},
      {"percussion", "percussion"}, {"vocals", "vocals"},
      {"guitar", "guitar"},         {"piano", "piano"},
      {"bowed_strings", "strings"}, {"wind", "wind instruments"},
      {"other_keys", "keyboard"},   {"other_plucked", "plucked strings"},
  };
  const auto word = kWords.find(name);
  return {.word = word == kWords.end() ? "" : word->second,
          .drums = name == "drums" || name == "percussion",
          .bass = name == "bass",
          .vocals = name == "vocals",
          .files = {}};
}

void read_musdb(const fs::path& folder, SourceSong& song) {
  for (const fs::path& file : sound_files_in(folder)) {
    const std::string name = lower(file.stem().string());
    if (name == "mixture") continue;
    SourceStem stem = stem_called(name);
    stem.files = {file};
    song.stems.push_back(std::move(stem));
  }
}

void read_moisesdb(const fs::path& folder, SourceSong& song) {
  const fs::path data = folder / "data.json";
  song.facts.genre = lower(
      json_get_or<std::string>(read_json_file(data, kMaxDescription), "genre", "", data.string()));
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& below : folders) {
    SourceStem stem = stem_called(lower(below.filename().string()));
    stem.files = sound_files_in(below);
    if (!stem.files.empty()) song.stems.push_back(std::move(stem));
  }
}

// The entries under "stems:" of Slakh's metadata.yaml, which has no more of YAML than indented
// "key: value" lines.
std::map<std::string, std::map<std::string, std::string>> read_slakh_stems(const fs::path& path) {
  std::map<std::string, std::map<std::string, std::string>> stems;
  const std::string text = read_text_file(path, kMaxDescription);
  bool inside = false;
  size_t stem_indent = 0;
  std::string current;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view raw = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const size_t indent = raw.find_first_not_of(' ');
    if (indent == std::string_view::npos) continue;
    const std::string_view line = raw.substr(indent);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string key(line.substr(0, colon));
    std::string value(line.substr(colon + 1));
    value.erase(0, value.find_first_not_of(" '\""));
    value.erase(value.find_last_not_of(" '\"\r") + 1);
    if (indent == 0) {
      inside = key == "stems";
      stem_indent = 0;
    } else if (inside && (stem_indent == 0 || indent == stem_indent)) {
      stem_indent = indent;
      current = key;
      stems[current];
    } else if (inside) {
      stems[current][key] = value;
    }
  }
  return stems;
}

void read_slakh(const fs::path& folder, SourceSong& song) {
  for (const auto& [name, fields] : read_slakh_stems(folder / "metadata.yaml")) {
    const auto field = [&, &known = fields](const char* key) {
      const auto found = known.find(key);
      return found == known.end() ? std::string() : found->second;
    };
    for (const char* ending : {".flac", ".wav"}) {
      const fs::path file = folder / "stems" / (name + ending);
      std::error_code ec;
      if (!fs::exists(file, ec)) continue;  // a few stems were never rendered
      const std::string family = lower(field("inst_class"));
      SourceStem stem{.word = family, .drums = field("is_drum") == "true", .files = {file}};
      stem.bass = family == "bass";
      const std::string text = field("program_num");
      int program = -1;
      std::from_chars(text.data(), text.data() + text.size(), program);
      if (const Instrument* known = instrument_of_program(program)) stem.word = known->word;
      if (stem.drums) stem.word = "drums";
      song.stems.push_back(std::move(stem));
      break;
    }
  }
}

}  // namespace

std::span<const StemLayout> stem_layouts() {
  static const std::vector<StemLayout> kLayouts = {
      {"musdb", "mixture.wav", read_musdb},
      {"moisesdb", "data.json", read_moisesdb},
      {"slakh", "metadata.yaml", read_slakh},
  };
  return kLayouts;
}

bool is_sound_file(const fs::path& path) {
  constexpr std::array kEndings = {".wav",  ".flac", ".mp3", ".ogg",  ".opus", ".m4a",
                                   ".aif",  ".aiff", ".w64", ".rf64", ".oga",  ".aac",
                                   ".webm", ".wv",   ".mp4", ".caf",  ".wma"};
  const std::string ending = lower(path.extension().string());
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

}  // namespace riffle::corpus::detail
