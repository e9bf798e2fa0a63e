// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/word_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"

namespace riffle::text {
namespace {

constexpr const char* kFile = "vocab.json";
constexpr const char* kEndName = "<end>";
constexpr const char* kUnknownName = "<unknown>";
constexpr int64_t kMaxWords = 1 << 20;

bool is_part_of_word(unsigned char c) {
  return std::isalnum(c) != 0 || c == '#' || c == '\'' || c >= 0x80;
}

}  // namespace

std::vector<std::string> words_of_prompt(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_part_of_word(byte)) {
      word.push_back(static_cast<char>(std::tolower(byte)));
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

WordVocabulary::WordVocabulary(std::vector<std::string> words) : words_(std::move(words)) {
  for (size_t i = 0; i < words_.size(); ++i) ids_.emplace(words_[i], static_cast<int64_t>(i));
}

WordVocabulary WordVocabulary::load(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFile;
  const Json json = read_json_file(path);
  const auto bad = [&](const std::string& what) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: {}", path.string(), what));
  };
  if (!json.is_object() || json.size() < 2) bad("expected an object of words and their ids");
  if (static_cast<int64_t>(json.size()) > kMaxWords) bad("more than a million words");
  std::vector<std::string> words(json.size());
  for (const auto& [word, id] : json.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= words.size() ||
        !words[id.get<size_t>()].empty() || word.empty()) {
      bad(fmt::format("the ids must be 0 to {}, each once; see \"{}\"", words.size() - 1, word));
    }
    words[id.get<size_t>()] = word;
  }
  if (words[kEnd] != kEndName || words[kUnknown] != kUnknownName) {
    bad(fmt::format("ids 0 and 1 must be {} and {}", kEndName, kUnknownName));
  }
  return WordVocabulary(std::move(words));
}

bool WordVocabulary::is_in(const std::filesystem::path& folder) {
  return std::filesystem::exists(folder / kFile) && !std::filesystem::exists(folder / "merges.txt");
}

WordVocabulary WordVocabulary::build(std::span<const std::string> captions, int64_t at_least) {
  std::map<std::string, int64_t> counts;
  for (const std::string& caption : captions) {
    for (std::string& word : words_of_prompt(caption)) ++counts[std::move(word)];
  }
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted,
                           [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> words{kEndName, kUnknownName};
  for (const auto& [word, count] : sorted) {
    if (count >= at_least) words.push_back(word);
  }
  return WordVocabulary(std::move(words));
}

WordVocabulary WordVocabulary::extended_by(const WordVocabulary& other) const {
  std::vector<std::string> words = words_;
  for (const std::string& word : other.words_) {
    if (!ids_.contains(word)) words.push_back(word);
  }
  return WordVocabulary(std::move(words));
}

void WordVocabulary::save(const std::filesystem::path& folder) const {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  OrderedJson json = OrderedJson::object();
  for (size_t i = 0; i < words_.size(); ++i) json[words_[i]] = i;
  write_text_file(folder / kFile, json.dump(0) + "\n");
}

int64_t WordVocabulary::id_of(const std::string& word) const {
  const auto find = [&](const std::string& form) {
    const auto at = ids_.find(form);
    return at == ids_.end() ? kUnknown : at->second;
  };
  int64_t id = find(word);
  if (id == kUnknown && word.size() > 2 && word.back() == 's') {
    id = find(word.substr(0, word.size() - 1));
  }
  return id == kUnknown ? find(word + "s") : id;
}

WordVocabulary::Encoded WordVocabulary::encode(std::string_view text, int64_t length) const {
  if (length < 1) throw Error(ErrorCode::InvalidArgument, "a row of tokens has at least one");
  Encoded encoded;
  for (const std::string& word : words_of_prompt(text)) {
    const int64_t id = id_of(word);
    if (id == kUnknown) {
      if (std::ranges::find(encoded.unknown, word) == encoded.unknown.end()) {
        encoded.unknown.push_back(word);
      }
    } else if (static_cast<int64_t>(encoded.ids.size()) + 1 < length) {
      encoded.ids.push_back(id);
    } else {
      ++encoded.dropped;
    }
  }
  encoded.ids.resize(static_cast<size_t>(length), kEnd);
  return encoded;
}

}  // namespace riffle::text
