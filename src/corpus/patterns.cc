// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/error.h"
#include "corpus/detail/pattern_tables.h"
#include "corpus/text.h"

namespace riffle::corpus {
namespace {

std::span<const detail::Pattern> table_of(PatternKind kind) {
  switch (kind) {
    case PatternKind::Drums:
      return detail::drum_patterns();
    case PatternKind::Bass:
      return detail::bass_patterns();
    case PatternKind::Chords:
      return detail::chord_patterns();
    case PatternKind::Fill:
      return detail::drum_fills();
  }
  return {};
}

std::string without_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ') out.push_back(c);
  }
  return out;
}

int key_of(char letter) {
  static constexpr std::string_view kLetters = "ksrchopybCtmTBjSqQawg";
  static constexpr int kKeys[] = {36, 38, 37, 39, 42, 46, 44, 51, 53, 49, 45,
                                  47, 50, 56, 54, 70, 64, 63, 69, 76, 67};
  const size_t at = kLetters.find(letter);
  if (at == std::string_view::npos) {
    throw Error(ErrorCode::Internal, fmt::format("drum pattern: no voice has letter '{}'", letter));
  }
  return kKeys[at];
}

}  // namespace

std::string pattern_of(PatternKind kind, std::string_view style, int beats, Random& random) {
  std::vector<std::string_view> fitting;
  std::vector<std::string_view> plain;
  bool known = false;
  for (const detail::Pattern& pattern : table_of(kind)) {
    if (pattern.style == style) {
      known = true;
      if (pattern.beats == beats) fitting.push_back(pattern.text);
    }
    if (pattern.style == "plain" && pattern.beats == beats) plain.push_back(pattern.text);
  }
  if (!known) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("no pattern of style '{}'", style),
                "corpus/detail/pattern_tables.h lists those there are");
  }
  const std::string_view chosen = random.pick(fitting.empty() ? plain : fitting);
  const bool drums = kind == PatternKind::Drums || kind == PatternKind::Fill;
  return drums ? std::string(chosen) : without_spaces(chosen);
}

std::vector<DrumVoice> drum_voices(std::string_view pattern) {
  std::vector<DrumVoice> voices;
  for (const std::string_view line : split(pattern, '|')) {
    voices.push_back({line[0], key_of(line[0]), without_spaces(line.substr(1))});
  }
  return voices;
}

std::vector<std::string> pattern_styles(PatternKind kind) {
  std::vector<std::string> styles;
  for (const detail::Pattern& pattern : table_of(kind)) {
    if (std::ranges::find(styles, pattern.style) == styles.end())
      styles.emplace_back(pattern.style);
  }
  return styles;
}

}  // namespace riffle::corpus
