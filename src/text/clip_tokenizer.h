// SPDX-License-Identifier: GPL-3.0-or-later
// CLIP's tokenizer (Radford et al. 2021; OpenAI's simple_tokenizer without ftfy's repair of
// mis-decoded text): character references resolved twice, white space collapsed, lower-cased, split
// into words by Unicode category, byte-level BPE.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/byte_level_bpe.h"

namespace riffle::text {

class ClipTokenizer {
 public:
  // A folder with vocab.json and merges.txt (or tokenizer.json); tokenizer_config.json may name the
  // padding token and the length. Throws Error{NotFound, BadFile}.
  static ClipTokenizer load(const std::filesystem::path& folder);
  explicit ClipTokenizer(const BpeFiles& files);

  // Ids of the text alone, without begin and end, as many as it takes. Throws
  // Error{InvalidArgument} for text that is not UTF-8 or longer than 1 MiB.
  std::vector<int64_t> encode(std::string_view text) const;
  // Exactly length() ids: begin, text (cut where it does not fit), end, padding.
  std::vector<int64_t> encode_padded(std::string_view text) const;
  // Text again: words separated by single blanks, bytes that are no UTF-8 as they are. Special
  // tokens and unknown ids are left out.
  std::string decode(const std::vector<int64_t>& ids) const;

  int64_t bos_id() const { return bos_id_; }
  int64_t eos_id() const { return eos_id_; }
  int64_t pad_id() const { return pad_id_; }
  int64_t length() const { return length_; }  // 77

 private:
  int64_t bos_id_ = 0;
  int64_t eos_id_ = 0;
  int64_t pad_id_ = 0;
  int64_t length_ = 77;
  ByteLevelBpe bpe_;
};

// The text as the tokenizer sees it before splitting.
std::string clean_clip_text(std::string_view text);

}  // namespace riffle::text
