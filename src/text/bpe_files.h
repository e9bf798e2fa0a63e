// SPDX-License-Identifier: GPL-3.0-or-later
// The files of a byte-level BPE tokenizer: vocab.json and merges.txt, or tokenizer.json with both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/json.h"

namespace riffle::text {

struct BpeFiles {
  std::string where;                                        // the folder, for messages
  std::unordered_map<std::string, int64_t> vocabulary;      // token -> id, 0 to 2^31 - 1
  std::vector<std::pair<std::string, std::string>> merges;  // first: joined first
  Json config = Json::object();  // tokenizer_config.json, if there is one

  // The id of a special token. `field`: its name in tokenizer_config.json ("pad_token"), whose
  // value is text or {"content": text}; `fallback` is used when there is none. Throws
  // Error{BadFile} when the vocabulary lacks the token.
  int64_t special_id(const char* field, const std::string& fallback) const;
};

// Throws Error{NotFound, BadFile}.
BpeFiles read_bpe_files(const std::filesystem::path& folder);

}  // namespace riffle::text
