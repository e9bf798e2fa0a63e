// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/bpe_files.h"

#include <fmt/format.h>

#include <string_view>

#include "core/error.h"
#include "core/files.h"

namespace riffle::text {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostBytes = 64 << 20;

void add_vocabulary(BpeFiles& files, const Json& vocabulary, const std::string& where) {
  if (!vocabulary.is_object()) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected an object of tokens", where));
  }
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > static_cast<uint64_t>(INT32_MAX)) {
      throw Error(
          ErrorCode::BadFile,
          fmt::format("{}: the id of \"{}\" is no natural number below 2^31", where, token));
    }
    files.vocabulary.emplace(token, id.get<int64_t>());
  }
}

void add_merge(BpeFiles& files, std::string_view pair, const std::string& where) {
  const size_t blank = pair.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank + 1 == pair.size() ||
      pair.find(' ', blank + 1) != std::string_view::npos) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: merge {} is not two tokens with a blank between: \"{}\"", where,
                            files.merges.size() + 1, pair.substr(0, 60)));
  }
  files.merges.emplace_back(pair.substr(0, blank), pair.substr(blank + 1));
}

void add_merges_text(BpeFiles& files, std::string_view text, const std::string& where) {
  bool first = true;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_header = first && line.starts_with("#version");
    first = false;
    if (!is_header && !line.empty()) add_merge(files, line, where);
  }
}

// "merges" of tokenizer.json: "a b", or in newer files ["a", "b"].
void add_merges_json(BpeFiles& files, const Json& merges, const std::string& where) {
  if (!merges.is_array())
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected a list of merges", where));
  for (const Json& merge : merges) {
    const bool is_pair =
        merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    if (is_pair) {
      files.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else if (merge.is_string()) {
      add_merge(files, merge.get<std::string>(), where);
    } else {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: merge {} is no pair", where, files.merges.size() + 1));
    }
  }
}

}  // namespace

int64_t BpeFiles::special_id(const char* field, const std::string& fallback) const {
  std::string token = fallback;
  if (const auto found = config.find(field); found != config.end()) {
    if (found->is_string()) token = found->get<std::string>();
    if (found->is_object()) token = json_get<std::string>(*found, "content", where);
  }
  const auto id = vocabulary.find(token);
  if (id == vocabulary.end()) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: the vocabulary of {} tokens lacks \"{}\"",
                                                where, vocabulary.size(), token));
  }
  return id->second;
}

BpeFiles read_bpe_files(const fs::path& folder) {
  BpeFiles files;
  files.where = folder.string();
  if (fs::exists(folder / "tokenizer_config.json")) {
    files.config = read_json_file(folder / "tokenizer_config.json");
    if (!files.config.is_object()) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: expected an object",
                                                  (folder / "tokenizer_config.json").string()));
    }
  }
  if (fs::exists(folder / "vocab.json")) {
    const fs::path merges = folder / "merges.txt";
    add_vocabulary(files, read_json_file(folder / "vocab.json", kMostBytes),
                   (folder / "vocab.json").string());
    add_merges_text(files, read_text_file(merges, kMostBytes), merges.string());
    return files;
  }
  const fs::path whole = folder / "tokenizer.json";
  if (!fs::exists(whole)) {
    throw Error(
        ErrorCode::NotFound,
        fmt::format("tokenizer {}: neither vocab.json nor tokenizer.json", folder.string()));
  }
  const Json json = read_json_file(whole, kMostBytes);
  const Json model = json.is_object() ? json.value("model", Json()) : Json();
  if (!model.is_object() || !model.contains("vocab") || !model.contains("merges")) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: no byte-level BPE: expected \"vocab\" and \"merges\" in \"model\"",
                            whole.string()));
  }
  add_vocabulary(files, model["vocab"], whole.string());
  add_merges_json(files, model["merges"], whole.string());
  return files;
}

}  // namespace riffle::text
