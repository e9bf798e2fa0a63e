// SPDX-License-Identifier: GPL-3.0-or-later
// RoBERTa's tokenizer (Liu et al. 2019), which CLAP's text tower uses: GPT-2's byte-level BPE with
// case and white space kept, between <s> and </s>.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "text/byte_level_bpe.h"

namespace riffle::text {

class RobertaTokenizer {
 public:
  // A folder with vocab.json and merges.txt (or tokenizer.json). Throws Error{NotFound, BadFile}.
  static RobertaTokenizer load(const std::filesystem::path& folder);
  explicit RobertaTokenizer(const BpeFiles& files);

  // <s>, the text, </s>; at most max_length ids, the text being cut. Throws Error{InvalidArgument}
  // for text that is not UTF-8 or longer than 1 MiB, and for a max_length below 2.
  std::vector<int64_t> encode(std::string_view text, int64_t max_length = 512) const;

  int64_t bos_id() const { return bos_id_; }
  int64_t eos_id() const { return eos_id_; }
  int64_t pad_id() const { return pad_id_; }

 private:
  int64_t bos_id_ = 0;
  int64_t eos_id_ = 2;
  int64_t pad_id_ = 1;
  ByteLevelBpe bpe_;
};

}  // namespace riffle::text
