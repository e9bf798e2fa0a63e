// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/chords.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "core/error.h"
#include "text/music_terms.h"

namespace riffle::text {
namespace {

// Other ways to write qualities; those without one here are written as they are named.
constexpr std::array<std::pair<std::string_view, std::string_view>, 30> kSpellings{{
    {"", "maj"},          {"M", "maj"},       {"major", "maj"},   {"m", "min"},
    {"-", "min"},         {"mi", "min"},      {"minor", "min"},   {"o", "dim"},
    {"°", "dim"},         {"+", "aug"},       {"sus", "sus4"},    {"m6", "min6"},
    {"-6", "min6"},       {"M7", "maj7"},     {"Δ", "maj7"},      {"Δ7", "maj7"},
    {"m7", "min7"},       {"-7", "min7"},     {"min7b5", "m7b5"}, {"-7b5", "m7b5"},
    {"ø", "m7b5"},        {"ø7", "m7b5"},     {"o7", "dim7"},     {"°7", "dim7"},
    {"mmaj7", "minmaj7"}, {"mM7", "minmaj7"}, {"7sus", "7sus4"},  {"M9", "maj9"},
    {"m9", "min9"},       {"-9", "min9"},
}};

constexpr size_t kMostChords = 10'000;

[[noreturn]] void refuse(std::string_view symbol) {
  throw Error(ErrorCode::InvalidArgument, fmt::format("\"{}\" is no chord", symbol),
              "write chords like C, F#m, Bbmaj7, Dsus4, G/B, or N.C. for none");
}

const ChordQuality* quality_of(std::string_view suffix) {
  const auto* spelling =
      std::ranges::find(kSpellings, suffix, &decltype(kSpellings)::value_type::first);
  const std::string_view name = spelling == kSpellings.end() ? suffix : spelling->second;
  return find_chord_quality(name);
}

bool is_no_chord(std::string_view symbol) {
  return symbol == "N.C." || symbol == "NC" || symbol == "N.C" || symbol == "n.c.";
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const bool apart = std::isspace(static_cast<unsigned char>(c)) != 0 || c == ',';
    if (!apart) word.push_back(c);
    if (apart && !word.empty()) words.push_back(std::exchange(word, {}));
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

std::vector<std::string_view> bars_of(std::string_view text) {
  std::vector<std::string_view> bars;
  while (true) {
    const size_t bar = text.find('|');
    bars.push_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return bars;
    text.remove_prefix(bar + 1);
  }
}

class Progression {
 public:
  void add_bar(const std::vector<std::string>& chords) {
    const double bar = bars_++;
    const size_t first = spans_.size();
    if (first + chords.size() > kMostChords) {
      throw Error(ErrorCode::InvalidArgument, fmt::format("more than {} chords", kMostChords));
    }
    if (chords.size() == 1 && chords.front() == "%" && first > 0) {
      for (size_t i = last_bar_; i < first; ++i) {
        const ChordSpan before = spans_[i];
        spans_.push_back({before.start + 1, before.end + 1, before.pitch_classes});
      }
    } else {
      add_chords(bar, chords);
    }
    last_bar_ = first;
  }

  std::vector<ChordSpan> take() { return std::move(spans_); }

 private:
  void add_chords(double bar, const std::vector<std::string>& chords) {
    const auto count = static_cast<double>(chords.size());
    for (size_t i = 0; i < chords.size(); ++i) {
      if (chords[i] == "%" && spans_.empty()) refuse(chords[i]);
      auto tones = chords[i] == "%" ? spans_.back().pitch_classes : parse_chord(chords[i]);
      const auto at = static_cast<double>(i);
      spans_.push_back({bar + at / count, bar + (at + 1) / count, std::move(tones)});
    }
  }

  std::vector<ChordSpan> spans_;
  size_t last_bar_ = 0;  // its first chord
  int bars_ = 0;
};

}  // namespace

std::span<const ChordQuality> chord_qualities() {
  static const std::vector<ChordQuality> table = {
      {"maj", {0, 4, 7}},
      {"min", {0, 3, 7}},
      {"dim", {0, 3, 6}},
      {"aug", {0, 4, 8}},
      {"5", {0, 7}},
      {"sus2", {0, 2, 7}},
      {"sus4", {0, 5, 7}},
      {"6", {0, 4, 7, 9}},
      {"min6", {0, 3, 7, 9}},
      {"7", {0, 4, 7, 10}},
      {"maj7", {0, 4, 7, 11}},
      {"min7", {0, 3, 7, 10}},
      {"m7b5", {0, 3, 6, 10}},
      {"dim7", {0, 3, 6, 9}},
      {"minmaj7", {0, 3, 7, 11}},
      {"7sus4", {0, 5, 7, 10}},
      {"add9", {0, 2, 4, 7}},
      {"9", {0, 4, 7, 10, 14}},
      {"maj9", {0, 4, 7, 11, 14}},
      {"min9", {0, 3, 7, 10, 14}},
  };
  return table;
}

const ChordQuality* find_chord_quality(std::string_view name) {
  const auto all = chord_qualities();
  const auto found = std::ranges::find(all, name, &ChordQuality::name);
  return found == all.end() ? nullptr : &*found;
}

std::vector<int> parse_chord(std::string_view symbol) {
  if (is_no_chord(symbol)) return {};
  const size_t slash = symbol.find('/');
  const std::string_view above = symbol.substr(0, slash);
  const std::string_view after = above.substr(std::min<size_t>(1, above.size()));
  size_t letters = 1;
  for (const std::string_view accidental : {"#", "b", "\u266f", "\u266d"}) {
    if (after.starts_with(accidental)) letters = 1 + accidental.size();
  }
  const std::optional<int> root = pitch_class_of(above.substr(0, letters));
  const ChordQuality* quality =
      root ? quality_of(above.substr(std::min(letters, above.size()))) : nullptr;
  if (quality == nullptr) refuse(symbol);
  std::vector<int> tones;
  const auto add = [&](int tone) {
    if (std::ranges::find(tones, tone % 12) == tones.end()) tones.push_back(tone % 12);
  };
  if (slash != std::string_view::npos) {
    const std::optional<int> bass = pitch_class_of(symbol.substr(slash + 1));
    if (!bass) refuse(symbol);
    add(*bass);
  }
  for (const int interval : quality->intervals) add(*root + interval);
  return tones;
}

std::vector<ChordSpan> parse_chords(std::string_view text) {
  Progression progression;
  if (text.find('|') == std::string_view::npos) {
    for (const std::string& chord : words_of(text)) progression.add_bar({chord});
  } else {
    for (const std::string_view bar : bars_of(text)) {
      const auto chords = words_of(bar);  // none before the first bar line and after the last
      if (!chords.empty()) progression.add_bar(chords);
    }
  }
  auto spans = progression.take();
  if (spans.empty()) refuse(text);
  return spans;
}

}  // namespace riffle::text
