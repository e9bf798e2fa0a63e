// SPDX-License-Identifier: GPL-3.0-or-later
// The regular expressions that cut text into words before byte-pair encoding, written out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace riffle::text::detail {

// CLIP: <|startoftext|>|<|endoftext|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+,
// letters of either case. White space is dropped.
std::vector<std::string> split_clip_words(std::string_view text);

// GPT-2 and RoBERTa: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+.
// Nothing is dropped: the words joined are the text.
std::vector<std::string> split_gpt2_words(std::string_view text);

}  // namespace riffle::text::detail
