// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/clip_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "text/detail/html_entities.h"
#include "text/detail/split_words.h"
#include "text/detail/unicode.h"

namespace riffle::text {
namespace {

constexpr std::string_view kBegin = "<|startoftext|>";
constexpr std::string_view kEnd = "<|endoftext|>";
constexpr std::string_view kEndOfWord = "</w>";
constexpr size_t kLongestText = 1 << 20;
constexpr int64_t kDefaultLength = 77;
constexpr int64_t kLongestLength = 4096;

// Python's str.isspace: Unicode's white space and the four information separators of ASCII.
bool is_stripped(char32_t c) { return detail::is_whitespace(c) || (c >= 0x1c && c <= 0x1f); }

// Strips both ends and makes every run of white space inside one blank.
std::string collapse(std::string_view text) {
  const std::u32string points = detail::decode_utf8(text);
  size_t begin = 0;
  size_t end = points.size();
  while (begin < end && is_stripped(points[begin])) ++begin;
  while (end > begin && is_stripped(points[end - 1])) --end;
  std::string out;
  bool blank = false;
  for (size_t i = begin; i < end; ++i) {
    if (detail::is_whitespace(points[i])) {
      blank = true;
      continue;
    }
    if (blank) out.push_back(' ');
    blank = false;
    detail::append_utf8(out, points[i]);
  }
  return out;
}

// Files written by transformers give 10^30 for "no limit".
int64_t length_of(const BpeFiles& files) {
  const auto found = files.config.find("model_max_length");
  if (found == files.config.end() || !found->is_number_unsigned()) return kDefaultLength;
  const auto length = found->get<uint64_t>();
  return length >= 3 && length <= static_cast<uint64_t>(kLongestLength)
             ? static_cast<int64_t>(length)
             : kDefaultLength;
}

}  // namespace

ClipTokenizer ClipTokenizer::load(const std::filesystem::path& folder) {
  return ClipTokenizer(read_bpe_files(folder));
}

ClipTokenizer::ClipTokenizer(const BpeFiles& files)
    : bos_id_(files.special_id("bos_token", std::string(kBegin))),
      eos_id_(files.special_id("eos_token", std::string(kEnd))),
      pad_id_(files.special_id("pad_token", std::string(kEnd))),
      length_(length_of(files)),
      bpe_(files, kEndOfWord, files.special_id("unk_token", std::string(kEnd))) {}

std::string clean_clip_text(std::string_view text) {
  if (text.size() > kLongestText) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("a prompt of {} bytes, expected at most {}",
                                                        text.size(), kLongestText));
  }
  detail::decode_utf8(text);  // refuses what is not UTF-8 before anything else looks at it
  return detail::lower(collapse(detail::html_unescape(detail::html_unescape(text))));
}

std::vector<int64_t> ClipTokenizer::encode(std::string_view text) const {
  std::vector<int64_t> ids;
  for (const std::string& word : detail::split_clip_words(clean_clip_text(text))) {
    if (word == kBegin) {
      ids.push_back(bos_id_);
    } else if (word == kEnd) {
      ids.push_back(eos_id_);
    } else {
      bpe_.encode(word, ids);
    }
  }
  return ids;
}

std::vector<int64_t> ClipTokenizer::encode_padded(std::string_view text) const {
  std::vector<int64_t> ids = encode(text);
  ids.resize(std::min(ids.size(), static_cast<size_t>(length_ - 2)));
  ids.insert(ids.begin(), bos_id_);
  ids.push_back(eos_id_);
  ids.resize(static_cast<size_t>(length_), pad_id_);
  return ids;
}

std::string ClipTokenizer::decode(const std::vector<int64_t>& ids) const {
  std::string out;
  for (const int64_t id : ids) {
    if (id == bos_id_ || id == eos_id_ || id == pad_id_) continue;
    std::string bytes = bpe_.bytes_of(id).value_or("");
    const bool ends_word = bytes.ends_with(kEndOfWord);
    if (ends_word) bytes.resize(bytes.size() - kEndOfWord.size());
    out += bytes;
    if (ends_word) out.push_back(' ');
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace riffle::text
