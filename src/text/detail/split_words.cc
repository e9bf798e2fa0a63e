// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/detail/split_words.h"

#include <algorithm>
#include <array>

#include "text/detail/unicode.h"

namespace riffle::text::detail {
namespace {

enum class Class { Space, Letter, Number, Other };

Class class_of(char32_t c) {
  if (is_whitespace(c)) return Class::Space;
  if (is_letter(c)) return Class::Letter;
  return is_number(c) ? Class::Number : Class::Other;
}

constexpr std::array<std::u32string_view, 7> kContractions{U"'s", U"'t",  U"'re", U"'ve",
                                                           U"'m", U"'ll", U"'d"};
constexpr std::array<std::u32string_view, 2> kMarks{U"<|startoftext|>", U"<|endoftext|>"};

// Letters of either case match; U+017F, the long s, is another s.
bool same_letter(char32_t found, char32_t wanted) {
  if (found >= U'A' && found <= U'Z') found += U'a' - U'A';
  return found == wanted || (found == 0x17f && wanted == U's');
}

// Length of the first of `words` that `text` has at `at`; 0 when it has none.
template <size_t N>
size_t match_any(std::u32string_view text, size_t at,
                 const std::array<std::u32string_view, N>& words, bool any_case) {
  for (const std::u32string_view word : words) {
    const std::u32string_view part = text.substr(at, word.size());
    const bool equal = any_case ? std::ranges::equal(part, word, same_letter) : part == word;
    if (equal) return word.size();
  }
  return 0;
}

size_t run_of(std::u32string_view text, size_t at, Class wanted) {
  size_t end = at;
  while (end < text.size() && class_of(text[end]) == wanted) ++end;
  return end - at;
}

std::string utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

// The original's pattern ignores case, and U+0345, a mark whose upper case is a letter, then
// matches none of its alternatives: it is dropped like white space.
std::u32string without_iota_subscripts(std::u32string text) {
  std::replace(text.begin(), text.end(), U'\u0345', U' ');
  return text;
}

size_t clip_word(std::u32string_view text, size_t at) {
  if (const size_t mark = match_any(text, at, kMarks, true)) return mark;
  if (const size_t contraction = match_any(text, at, kContractions, true)) return contraction;
  const Class first = class_of(text[at]);
  return first == Class::Number ? 1 : run_of(text, at, first);
}

size_t gpt2_word(std::u32string_view text, size_t at) {
  if (const size_t contraction = match_any(text, at, kContractions, false)) return contraction;
  const size_t blank = text[at] == U' ' ? 1 : 0;
  if (at + blank < text.size()) {
    const Class first = class_of(text[at + blank]);
    if (first != Class::Space) return blank + run_of(text, at + blank, first);
  }
  // A run of white space leaves its last character to the word that follows.
  const size_t spaces = run_of(text, at, Class::Space);
  return at + spaces < text.size() && spaces > 1 ? spaces - 1 : spaces;
}

}  // namespace

std::vector<std::string> split_clip_words(std::string_view text) {
  const std::u32string points = without_iota_subscripts(decode_utf8(text));
  std::vector<std::string> words;
  for (size_t at = 0; at < points.size();) {
    const size_t size = clip_word(points, at);
    if (class_of(points[at]) != Class::Space)
      words.push_back(utf8(std::u32string_view(points).substr(at, size)));
    at += size;
  }
  return words;
}

std::vector<std::string> split_gpt2_words(std::string_view text) {
  const std::u32string points = decode_utf8(text);
  std::vector<std::string> words;
  for (size_t at = 0; at < points.size();) {
    const size_t size = gpt2_word(points, at);
    words.push_back(utf8(std::u32string_view(points).substr(at, size)));
    at += size;
  }
  return words;
}

}  // namespace riffle::text::detail
