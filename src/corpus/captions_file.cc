// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/captions_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/json_lines.h"
#include "corpus/text.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxBytes = uint64_t{256} << 20;
constexpr std::array kFileFields{"file", "file_name", "filename", "audio", "path"};
constexpr std::array kCaptionFields{"caption", "text", "prompt"};

void check_split(const std::string& split, std::string_view where) {
  if (split.empty() || split == "train" || split == "valid" || split == "test") return;
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: split \"{}\", expected train, valid or test", where, split));
}

// Of several lines about one file all captions count, and the facts of the last.
void merge(Described& known, Described added) {
  added.captions.insert(added.captions.begin(), known.captions.begin(), known.captions.end());
  known = std::move(added);
}

std::vector<std::string> strings_of(std::string_view text, char separator) {
  const auto parts = split(text, separator);
  return {parts.begin(), parts.end()};
}

Described described_from_json(const Json& json, std::string_view where) {
  Described d;
  for (const char* field : kCaptionFields) {
    const auto text = json_get_or<std::string>(json, field, "", where);
    if (!text.empty()) d.captions.push_back(text);
  }
  for (auto& text : json_get_or<std::vector<std::string>>(json, "captions", {}, where)) {
    if (!text.empty()) d.captions.push_back(text);
  }
  if (const auto bpm = json_get_or(json, "bpm", 0.0, where); bpm > 0) d.maybe_bpm = bpm;
  if (const auto key = json_get_or<std::string>(json, "key", "", where); !key.empty()) {
    d.maybe_key = key;
  }
  if (const auto mode = json_get_or<std::string>(json, "mode", "", where); !mode.empty()) {
    d.maybe_mode = mode;
  }
  d.genre = json_get_or<std::string>(json, "genre", "", where);
  d.mood = json_get_or<std::string>(json, "mood", "", where);
  d.instruments = json_get_or<std::vector<std::string>>(json, "instruments", {}, where);
  d.drums = json_get_or(json, "drums", false, where);
  d.split = json_get_or<std::string>(json, "split", "", where);
  check_split(d.split, where);
  return d;
}

void read_json_lines(const fs::path& path, Descriptions& all) {
  for_each_json_line(path, kMaxBytes, [&](const Json& json, const std::string& where) {
    std::string file;
    for (const char* field : kFileFields) {
      if (file.empty()) file = json_get_or<std::string>(json, field, "", where);
    }
    if (file.empty()) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: names no file, expected a field \"file\"", where));
    }
    merge(all[file], described_from_json(json, where));
  });
}

// The row as the JSON a line of captions.jsonl would hold.
Json json_of_row(const std::vector<std::string>& names, const std::vector<std::string>& row,
                 std::string_view where) {
  Json json = Json::object();
  for (size_t i = 0; i < std::min(names.size(), row.size()); ++i) {
    if (row[i].empty()) continue;
    if (names[i] == "bpm") {
      double bpm = 0;
      const auto [end, error] = std::from_chars(row[i].data(), row[i].data() + row[i].size(), bpm);
      if (error != std::errc{} || end != row[i].data() + row[i].size()) {
        throw Error(ErrorCode::BadFile,
                    fmt::format("{}: bpm \"{}\", expected a number", where, row[i]));
      }
      json[names[i]] = bpm;
    } else if (names[i] == "drums") {
      json[names[i]] = row[i] == "true" || row[i] == "yes" || row[i] == "1";
    } else if (names[i] == "instruments") {
      json[names[i]] = strings_of(row[i], ';');
    } else if (names[i] != "captions") {
      json[names[i]] = row[i];
    }
  }
  return json;
}

void read_csv(const fs::path& path, Descriptions& all) {
  const auto rows = parse_csv(read_text_file(path, kMaxBytes), path.string());
  if (rows.empty()) return;
  const std::vector<std::string>& names = rows[0];
  const auto column = std::find_if(names.begin(), names.end(), [](const std::string& name) {
    return std::find(kFileFields.begin(), kFileFields.end(), name) != kFileFields.end();
  });
  if (column == names.end()) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: the first line is \"{}\", expected names of columns, \"file\" and "
                            "\"caption\" among them",
                            path.string(), fmt::join(names, ",")));
  }
  const auto file_column = static_cast<size_t>(column - names.begin());
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::string where = fmt::format("{}, row {}", path.string(), i + 1);
    if (rows[i].size() <= file_column || rows[i][file_column].empty()) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: names no file", where));
    }
    merge(all[rows[i][file_column]],
          described_from_json(json_of_row(names, rows[i], where), where));
  }
}

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text, std::string_view where) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  bool quoted = false;
  bool any = false;  // in this row
  const auto end_row = [&] {
    if (!any) return;
    row.push_back(std::move(field));
    rows.push_back(std::move(row));
    row.clear();
    field.clear();
    any = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        field += '"';
        ++i;
      } else if (c == '"') {
        quoted = false;
      } else {
        field += c;
      }
    } else if (c == '"' && field.empty()) {
      quoted = any = true;
    } else if (c == ',') {
      row.push_back(std::move(field));
      field.clear();
      any = true;
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      field += c;
      any = true;
    }
  }
  if (quoted) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: row {}: a quote is not closed", where, rows.size() + 1));
  }
  end_row();
  return rows;
}

Descriptions read_descriptions(const fs::path& folder) {
  Descriptions all;
  std::error_code ec;
  for (const char* name : {"captions.jsonl", "metadata.jsonl"}) {
    if (fs::exists(folder / name, ec)) read_json_lines(folder / name, all);
  }
  for (const char* name : {"captions.csv", "metadata.csv"}) {
    if (fs::exists(folder / name, ec)) read_csv(folder / name, all);
  }
  return all;
}

std::vector<std::string> read_sidecar(const fs::path& recording) {
  fs::path appended = recording;
  appended += ".txt";
  for (const fs::path& path : {fs::path(recording).replace_extension(".txt"), appended}) {
    std::error_code ec;
    if (!fs::is_regular_file(path, ec)) continue;
    std::string text = read_text_file(path, kMaxBytes);
    std::erase(text, '\r');
    return strings_of(text, '\n');
  }
  return {};
}

}  // namespace riffle::corpus
