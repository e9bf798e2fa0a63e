// SPDX-License-Identifier: GPL-3.0-or-later
// A byte-level BPE vocabulary of our own, large enough to show every rule.
#pragma once

#include <string>
#include <vector>

#include "text/bpe_files.h"
#include "text/detail/unicode.h"

namespace riffle::text {

// 256 letters, the same at the end of a word, the merges' results, begin and end: 512 + n + 2 ids.
inline BpeFiles small_clip_files(const std::vector<std::pair<std::string, std::string>>& merges) {
  BpeFiles files;
  files.where = "small";
  int64_t next = 0;
  std::vector<std::string> letters;
  char32_t other = 256;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    std::string letter;
    detail::append_utf8(letter, prints ? byte : other++);
    letters.push_back(letter);
  }
  for (const std::string& letter : letters) files.vocabulary[letter] = next++;
  for (const std::string& letter : letters) files.vocabulary[letter + "</w>"] = next++;
  files.merges = merges;
  for (const auto& [left, right] : merges) files.vocabulary.try_emplace(left + right, next++);
  files.vocabulary["<|startoftext|>"] = next++;
  files.vocabulary["<|endoftext|>"] = next++;
  return files;
}

}  // namespace riffle::text
