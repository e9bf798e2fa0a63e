// SPDX-License-Identifier: GPL-3.0-or-later
// Byte-level byte-pair encoding (Sennrich et al. 2016, over bytes as in GPT-2): the core that
// CLIP's and RoBERTa's tokenizers share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/bpe_files.h"

namespace riffle::text {

class ByteLevelBpe {
 public:
  // end_of_word is appended to a word's last byte ("</w>" in CLIP, "" in RoBERTa). Merges whose
  // result the vocabulary lacks are left out. unknown_id stands for pieces without an id.
  ByteLevelBpe(const BpeFiles& files, std::string_view end_of_word, int64_t unknown_id);

  // Appends the ids of one word, given as bytes, to `ids`. Time grows as n log n.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

  // The bytes that a token stands for; empty when there is no such id. End-of-word marks are kept.
  std::optional<std::string> bytes_of(int64_t id) const;

 private:
  using Piece = int32_t;  // index into ids_
  struct Merge {
    int32_t rank = 0;
    Piece result = 0;
  };
  const Merge* merge_of(Piece left, Piece right) const;

  std::unordered_map<std::string, Piece> pieces_;
  std::vector<int64_t> ids_;                    // of each piece
  std::unordered_map<uint64_t, Merge> merges_;  // by left and right piece
  Piece bytes_[256] = {};                       // inside a word
  Piece last_bytes_[256] = {};                  // at its end
  std::unordered_map<int64_t, std::string> tokens_;
};

}  // namespace riffle::text
