// SPDX-License-Identifier: GPL-3.0-or-later
// Weights inside prompts, in the grammar Riffusion took over from the AUTOMATIC1111 interface:
// (x) 1.1 times, (x:1.5) 1.5 times, [x] 1/1.1 times, nested ones multiply, \( \) \[ \] \\ are
// literal. What is left open applies to the end; what closes nothing is literal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/clip_tokenizer.h"

namespace riffle::text {

struct WeightedSpan {
  std::string text;
  double weight = 1;
};

// Neighbours of equal weight are one span; an empty prompt is one empty span. Every text has a
// meaning, so nothing is refused.
std::vector<WeightedSpan> parse_prompt_weights(std::string_view prompt);

// A prompt cut into windows of the text encoder's length, each with its own begin and end.
struct PromptTokens {
  std::vector<std::vector<int64_t>> ids;    // [chunks][length]
  std::vector<std::vector<float>> weights;  // [chunks][length]; 1 on begin, end and padding
  int64_t text_tokens = 0;                  // ids of the text that are used
  int64_t dropped_tokens = 0;               // ids of the text beyond the last chunk

  bool is_weighted() const;  // any weight other than 1
};

inline constexpr int64_t kMostChunks = 3;

// Several prompts that will meet in one batch or be interpolated: all get as many chunks as the
// longest needs, at most max_chunks; the others are padded. Each span is tokenised on its own.
// Weights outside of +-1e4 count as that. Throws Error{InvalidArgument} as the tokenizer does.
std::vector<PromptTokens> tokenize_prompts(const ClipTokenizer& tokenizer,
                                           std::span<const std::string> prompts,
                                           int64_t max_chunks = kMostChunks);

// The same with the grammar switched off: the prompt is plain text of weight 1.
std::vector<PromptTokens> tokenize_plain_prompts(const ClipTokenizer& tokenizer,
                                                 std::span<const std::string> prompts,
                                                 int64_t max_chunks = kMostChunks);

}  // namespace riffle::text
