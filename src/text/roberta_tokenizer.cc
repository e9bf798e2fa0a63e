// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/roberta_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "text/detail/split_words.h"

namespace riffle::text {
namespace {

constexpr size_t kLongestText = 1 << 20;

}  // namespace

RobertaTokenizer RobertaTokenizer::load(const std::filesystem::path& folder) {
  return RobertaTokenizer(read_bpe_files(folder));
}

RobertaTokenizer::RobertaTokenizer(const BpeFiles& files)
    : bos_id_(files.special_id("bos_token", "<s>")),
      eos_id_(files.special_id("eos_token", "</s>")),
      pad_id_(files.special_id("pad_token", "<pad>")),
      bpe_(files, "", files.special_id("unk_token", "<unk>")) {}

std::vector<int64_t> RobertaTokenizer::encode(std::string_view text, int64_t max_length) const {
  if (text.size() > kLongestText || max_length < 2) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format(
            "a text of {} bytes as {} tokens, expected at most {} bytes and at least 2 tokens",
            text.size(), max_length, kLongestText));
  }
  std::vector<int64_t> ids = {bos_id_};
  for (const std::string& word : detail::split_gpt2_words(text)) bpe_.encode(word, ids);
  ids.resize(std::min(ids.size(), static_cast<size_t>(max_length - 1)));
  ids.push_back(eos_id_);
  return ids;
}

}  // namespace riffle::text
