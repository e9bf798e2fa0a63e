// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/prompt_weights.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace riffle::text {
namespace {

constexpr double kRound = 1.1;
constexpr double kSquare = 1 / 1.1;
constexpr double kLargestWeight = 1e4;

bool is_digit_or_point(char c) { return c == '.' || (c >= '0' && c <= '9'); }
bool is_structure(char c) { return std::string_view("\\()[]:").find(c) != std::string_view::npos; }

struct WeightEnd {
  double weight = 1;
  size_t size = 0;  // bytes, from the colon to the bracket
};

// ":1.5)": the number may have a sign, blanks are not allowed.
std::optional<WeightEnd> weight_end(std::string_view text) {
  size_t at = 1;
  const bool negative = at < text.size() && text[at] == '-';
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  const size_t begin = at;
  while (at < text.size() && is_digit_or_point(text[at])) ++at;
  double value = 0;
  const auto [stop, error] =
      std::from_chars(text.data() + begin, text.data() + at, value, std::chars_format::fixed);
  // "1.2.3" is no number; one that is merely out of range still closes the bracket.
  if (error == std::errc::invalid_argument || stop != text.data() + at) return std::nullopt;
  if (error == std::errc::result_out_of_range) value = kLargestWeight;
  if (at >= text.size() || text[at] != ')') return std::nullopt;
  return WeightEnd{negative ? -value : value, at + 1};
}

class WeightParser {
 public:
  std::vector<WeightedSpan> run(std::string_view prompt) {
    for (size_t at = 0; at < prompt.size();) at += token(prompt.substr(at));
    // What was never closed still counts, from where it was opened to the end.
    for (const size_t begin : round_) multiply(begin, kRound);
    for (const size_t begin : square_) multiply(begin, kSquare);
    return merged();
  }

 private:
  // Reads what `rest` begins with and returns its size.
  size_t token(std::string_view rest) {
    const char c = rest[0];
    if (c == '\\' && rest.size() > 1 &&
        std::string_view("\\()[]").find(rest[1]) != std::string_view::npos) {
      add(rest.substr(1, 1));
      return 2;
    }
    if (c == '(') return open(round_);
    if (c == '[') return open(square_);
    if (c == ')' && !round_.empty()) return close(round_, kRound, 1);
    if (c == ']' && !square_.empty()) return close(square_, kSquare, 1);
    if (c == ':' && !round_.empty()) {
      if (const auto end = weight_end(rest)) return close(round_, end->weight, end->size);
    }
    size_t size = 1;
    while (size < rest.size() && !is_structure(rest[size])) ++size;
    if (c == '\\') size = 1;  // a lone backslash escapes nothing and is not shown
    if (c != '\\') add(rest.substr(0, size));
    return size;
  }

  size_t open(std::vector<size_t>& brackets) {
    brackets.push_back(spans_.size());
    return 1;
  }
  size_t close(std::vector<size_t>& brackets, double factor, size_t size) {
    multiply(brackets.back(), factor);
    brackets.pop_back();
    return size;
  }
  void multiply(size_t begin, double factor) {
    for (size_t i = begin; i < spans_.size(); ++i) spans_[i].weight *= factor;
  }
  void add(std::string_view text) { spans_.push_back({std::string(text), 1.0}); }

  std::vector<WeightedSpan> merged() const {
    std::vector<WeightedSpan> result;
    for (const WeightedSpan& span : spans_) {
      if (!result.empty() && result.back().weight == span.weight) {
        result.back().text += span.text;
      } else {
        result.push_back(span);
      }
    }
    if (result.empty()) result.push_back({});
    return result;
  }

  std::vector<WeightedSpan> spans_;
  std::vector<size_t> round_;  // index of the first span inside each open bracket
  std::vector<size_t> square_;
};

struct WeightedIds {
  std::vector<int64_t> ids;
  std::vector<float> weights;
};

WeightedIds encode_spans(const ClipTokenizer& tokenizer, const std::vector<WeightedSpan>& spans) {
  WeightedIds result;
  for (const WeightedSpan& span : spans) {
    const std::vector<int64_t> ids = tokenizer.encode(span.text);
    const double weight = std::clamp(span.weight, -kLargestWeight, kLargestWeight);
    result.ids.insert(result.ids.end(), ids.begin(), ids.end());
    result.weights.resize(result.ids.size(), static_cast<float>(weight));
  }
  return result;
}

PromptTokens cut(const ClipTokenizer& tokenizer, const WeightedIds& text, int64_t chunks) {
  const auto length = static_cast<size_t>(tokenizer.length());
  const size_t room = length - 2;
  const size_t used = std::min(text.ids.size(), room * static_cast<size_t>(chunks));
  PromptTokens tokens;
  tokens.text_tokens = static_cast<int64_t>(used);
  tokens.dropped_tokens = static_cast<int64_t>(text.ids.size() - used);
  for (size_t begin = 0; begin < room * static_cast<size_t>(chunks); begin += room) {
    std::vector<int64_t> ids = {tokenizer.bos_id()};
    std::vector<float> weights = {1.0F};
    for (size_t i = begin; i < std::min(begin + room, used); ++i) {
      ids.push_back(text.ids[i]);
      weights.push_back(text.weights[i]);
    }
    ids.push_back(tokenizer.eos_id());
    ids.resize(length, tokenizer.pad_id());
    weights.resize(length, 1.0F);
    tokens.ids.push_back(std::move(ids));
    tokens.weights.push_back(std::move(weights));
  }
  return tokens;
}

template <class Parse>
std::vector<PromptTokens> tokenize(const ClipTokenizer& tokenizer,
                                   std::span<const std::string> prompts, int64_t max_chunks,
                                   const Parse& parse) {
  std::vector<WeightedIds> texts;
  int64_t longest = 1;
  for (const std::string& prompt : prompts) {
    texts.push_back(encode_spans(tokenizer, parse(prompt)));
    longest = std::max(longest, static_cast<int64_t>(texts.back().ids.size()));
  }
  const int64_t chunks = std::clamp((longest - 1) / (tokenizer.length() - 2) + 1, int64_t{1},
                                    std::max<int64_t>(max_chunks, 1));
  std::vector<PromptTokens> result;
  for (const WeightedIds& text : texts) result.push_back(cut(tokenizer, text, chunks));
  return result;
}

}  // namespace

std::vector<WeightedSpan> parse_prompt_weights(std::string_view prompt) {
  return WeightParser().run(prompt);
}

bool PromptTokens::is_weighted() const {
  return std::any_of(weights.begin(), weights.end(), [](const std::vector<float>& chunk) {
    return std::any_of(chunk.begin(), chunk.end(), [](float w) { return w != 1.0F; });
  });
}

std::vector<PromptTokens> tokenize_prompts(const ClipTokenizer& tokenizer,
                                           std::span<const std::string> prompts,
                                           int64_t max_chunks) {
  return tokenize(tokenizer, prompts, max_chunks, parse_prompt_weights);
}

std::vector<PromptTokens> tokenize_plain_prompts(const ClipTokenizer& tokenizer,
                                                 std::span<const std::string> prompts,
                                                 int64_t max_chunks) {
  return tokenize(tokenizer, prompts, max_chunks, [](const std::string& prompt) {
    return std::vector<WeightedSpan>{{prompt, 1.0}};
  });
}

}  // namespace riffle::text
