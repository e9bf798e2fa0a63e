// SPDX-License-Identifier: GPL-3.0-or-later
// Prompts as known words: the tokenizer of models trained on captions of a small vocabulary. What a
// model does not know it can say, which subword tokenizers cannot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace riffle::text {

// Lower-case words of a text: runs of letters and digits, "#" and "'" belonging to them; anything
// else, hyphens too, separates: "lo-fi" is "lo", "fi".
std::vector<std::string> words_of_prompt(std::string_view text);

class WordVocabulary {
 public:
  static constexpr int64_t kEnd = 0;  // after the last word, and to the end of the row
  static constexpr int64_t kUnknown = 1;

  // A folder with vocab.json: {"<end>": 0, "<unknown>": 1, "bass": 2, ...}. Throws Error{NotFound,
  // BadFile}.
  static WordVocabulary load(const std::filesystem::path& folder);
  // Whether the folder holds such a file and no merges.txt, which byte-pair encodings have.
  static bool is_in(const std::filesystem::path& folder);
  // Of the words that occur at least so often, most frequent first, equally frequent ones by
  // alphabet.
  static WordVocabulary build(std::span<const std::string> captions, int64_t at_least = 2);

  // These words under their ids, then those of `other` that are not among them.
  WordVocabulary extended_by(const WordVocabulary& other) const;

  void save(const std::filesystem::path& folder) const;  // creates it; throws Error{Io}

  struct Encoded {
    std::vector<int64_t> ids{};          // `length` of them
    std::vector<std::string> unknown{};  // words passed over, each once
    int64_t dropped = 0;                 // known words beyond the end
  };
  // Ids of the known words, then kEnd; at least one kEnd. A plural that is not known is looked for
  // without its "s", a singular with it.
  Encoded encode(std::string_view text, int64_t length) const;

  int64_t size() const { return static_cast<int64_t>(words_.size()); }
  const std::vector<std::string>& words() const { return words_; }  // by id

 private:
  explicit WordVocabulary(std::vector<std::string> words);
  int64_t id_of(const std::string& word) const;  // kUnknown where it is not known

  std::vector<std::string> words_;
  std::unordered_map<std::string, int64_t> ids_;
};

}  // namespace riffle::text
