// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/music_terms.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>
#include <vector>

namespace riffle::text {
namespace {

constexpr double kSlowest = 20;
constexpr double kFastest = 400;
constexpr std::string_view kSeparators = ",;()[]!?\"";

constexpr std::array<std::pair<std::string_view, int>, 8> kOtherModeNames{{{"ionian", 0},
                                                                           {"maj", 0},
                                                                           {"aeolian", 5},
                                                                           {"min", 5},
                                                                           {"m", 5},
                                                                           {"moll", 5},
                                                                           {"dur", 0},
                                                                           {"harmonic-minor", 7}}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// Words as they stand between blanks, commas, semicolons and brackets; a full stop only ends one.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    while (!word.empty() && (word.back() == '.' || word.back() == ':')) word.pop_back();
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (const char c : lower(text)) {
    if (std::isspace(static_cast<unsigned char>(c)) || kSeparators.find(c) != kSeparators.npos) {
      finish();
    } else {
      word.push_back(c);
    }
  }
  finish();
  return words;
}

std::optional<double> number_of(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return {};
  return value >= kSlowest && value <= kFastest ? std::optional(value) : std::nullopt;
}

// Walks over the words; each reader takes what it understands and says how many words that was.
class Reader {
 public:
  explicit Reader(std::string_view prompt) : words_(words_of(prompt)) {}

  MusicTerms read() {
    for (size_t i = 0; i < words_.size();) {
      size_t taken = tempo_at(i);
      if (taken == 0) taken = key_at(i);
      if (taken == 0) {
        if (!terms_.rest.empty()) terms_.rest += ' ';
        terms_.rest += words_[i];
        taken = 1;
      }
      i += taken;
    }
    return std::move(terms_);
  }

 private:
  std::string_view word(size_t i) const {
    return i < words_.size() ? std::string_view(words_[i]) : std::string_view{};
  }

  size_t tempo_at(size_t i) {
    const auto keep = [&](std::optional<double> bpm, size_t count) -> size_t {
      if (!bpm) return 0;
      if (!terms_.bpm) terms_.bpm = bpm;
      return count;
    };
    const std::string_view first = word(i);
    if (first.ends_with("bpm") && first.size() > 3) {
      return keep(number_of(first.substr(0, first.size() - 3)), 1);
    }
    if (first == "bpm") return keep(number_of(word(i + 1)), 2);
    return word(i + 1) == "bpm" ? keep(number_of(first), 2) : 0;
  }

  // A note, "e", "f#", "b flat": its pitch class and how many words it took.
  std::pair<std::optional<int>, size_t> note_at(size_t i) const {
    const std::string_view next = word(i + 1);
    std::optional<int> pitch = pitch_class_of(word(i));
    if (!pitch || word(i).size() != 1) return {pitch, 1};
    if (next == "sharp") return {(*pitch + 1) % 12, 2};
    if (next == "flat") return {(*pitch + 11) % 12, 2};
    return {pitch, 1};
  }

  std::pair<std::optional<int>, size_t> mode_at(size_t i) const {
    if (word(i) == "harmonic" && word(i + 1) == "minor")
      return {mode_index_of("harmonic minor"), 2};
    return {mode_index_of(word(i)), 1};
  }

  size_t key_at(size_t i) {
    size_t lead = 0;
    if (word(i) == "in") lead = 1;
    if (word(i) == "key") lead = word(i + 1) == "of" ? 2 : 1;
    if (word(i) == "in" && word(i + 1) == "the" && word(i + 2) == "key") {
      lead = word(i + 3) == "of" ? 4 : 3;
    }
    const auto [pitch, note_words] = note_at(i + lead);
    if (!pitch) return 0;
    const auto [mode, mode_words] = mode_at(i + lead + note_words);
    // Alone, a letter is a key only where it is announced; "a" never is.
    if (!mode && (lead == 0 || word(i + lead) == "a")) return 0;
    if (!terms_.key) {
      terms_.key = pitch;
      terms_.mode = mode;
    }
    return lead + note_words + (mode ? mode_words : 0);
  }

  std::vector<std::string> words_;
  MusicTerms terms_;
};

}  // namespace

std::optional<int> pitch_class_of(std::string_view note) {
  constexpr std::array<int, 7> kNaturals{9, 11, 0, 2, 4, 5, 7};  // a to g
  const std::string name = lower(note);
  if (name.empty() || name[0] < 'a' || name[0] > 'g') return {};
  const int natural = kNaturals[static_cast<size_t>(name[0] - 'a')];
  const std::string_view accidental = std::string_view(name).substr(1);
  if (accidental.empty()) return natural;
  if (accidental == "#" || accidental == "\u266f" || accidental == "-sharp") {
    return (natural + 1) % 12;
  }
  if (accidental == "b" || accidental == "\u266d" || accidental == "-flat") {
    return (natural + 11) % 12;
  }
  return {};
}

std::optional<int> mode_index_of(std::string_view mode) {
  const std::string name = lower(mode);
  for (size_t i = 0; i < kModes.size(); ++i) {
    if (name == kModes[i]) return static_cast<int>(i);
  }
  for (const auto& [other, index] : kOtherModeNames) {
    if (name == other) return index;
  }
  return {};
}

MusicTerms find_music_terms(std::string_view prompt) { return Reader(prompt).read(); }

}  // namespace riffle::text
