// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/caption_words.h"

#include <algorithm>

#include "corpus/genres.h"
#include "corpus/instruments.h"
#include "corpus/text.h"

namespace riffle::corpus {
namespace {

struct Entry {
  std::string_view word;
  std::string_view others;
};

constexpr Entry kMoods[] = {{"happy", "cheerful, joyful"},
                            {"sad", "melancholic, sorrowful"},
                            {"calm", "quiet, soothing"},
                            {"peaceful", "serene"},
                            {"gentle", "soft, tender"},
                            {"relaxed", "laid back, chill"},
                            {"warm", "mellow"},
                            {"romantic", "loving"},
                            {"dreamy", "ethereal"},
                            {"nostalgic", "wistful"},
                            {"mysterious", "eerie"},
                            {"dark", "gloomy, moody"},
                            {"heavy", "massive"},
                            {"aggressive", "angry, fierce"},
                            {"powerful", "strong"},
                            {"epic", "grand"},
                            {"energetic", "upbeat, lively"},
                            {"driving", "intense"},
                            {"uplifting", "hopeful"},
                            {"euphoric", "ecstatic"},
                            {"groovy", "grooving"},
                            {"funky", "groovy"},
                            {"catchy", ""},
                            {"playful", "fun"},
                            {"lively", "upbeat"},
                            {"sunny", "bright"},
                            {"soulful", ""},
                            {"hypnotic", "repetitive"},
                            {"elegant", "graceful"}};

constexpr std::string_view kSlow[] = {"slow", "slow tempo"};
constexpr std::string_view kMiddle[] = {"mid tempo", "medium tempo"};
constexpr std::string_view kFast[] = {"fast", "fast tempo", "up tempo", "quick"};

constexpr std::string_view kDrumsPart[] = {"beat", "groove", "loop"};

// By role, and by the family that alone says so (empty: all).
struct PartWords {
  std::string_view role;
  std::string_view families;
  std::string_view words;
};
constexpr PartWords kParts[] = {{"bass", "bass", "line, riff, groove"},
                                {"bass", "", "bass line"},
                                {"chords", "guitar", "chords, rhythm, strumming"},
                                {"chords", "keys, organ", "chords, comping"},
                                {"chords", "", "chords"},
                                {"pad", "", "chords, backing"},
                                {"arpeggio", "", "arpeggio, arpeggios, pattern"},
                                {"lead", "guitar", "solo, melody, riff, lead"},
                                {"lead", "synth", "melody, lead, tune"},
                                {"lead", "", "melody, solo, tune"},
                                {"counter", "", "line"}};

constexpr std::string_view kPadAdjectives[] = {"sustained", "long"};
constexpr std::string_view kArpeggioAdjectives[] = {"arpeggiated"};
constexpr std::string_view kLeadAdjectives[] = {"melodic"};

std::vector<std::string> with_others(std::string_view word, std::string_view others) {
  std::vector<std::string> words{std::string(word)};
  for (const std::string_view other : split(others)) words.emplace_back(other);
  return words;
}

}  // namespace

std::vector<std::string> mood_words(std::string_view mood) {
  for (const Entry& entry : kMoods) {
    if (entry.word == mood) return with_others(entry.word, entry.others);
  }
  return {std::string(mood)};
}

std::vector<std::string> genre_words(std::string_view genre) {
  for (const Genre& entry : genre_table()) {
    if (entry.name == genre) return with_others(entry.name, entry.synonyms);
  }
  return {std::string(genre)};
}

std::vector<std::string> instrument_words(std::string_view instrument_or_kit) {
  std::vector<std::string> words{std::string(instrument_or_kit)};
  const auto add = [&](std::string_view word) {
    if (std::ranges::find(words, word) == words.end()) words.emplace_back(word);
  };
  for (const Instrument& player : instruments()) {
    if (player.word != instrument_or_kit) continue;
    for (const std::string& other : player.synonyms) add(other);
    if (player.family == Family::Guitar) add("guitar");
    if (player.family == Family::Bass) add("bass");
    if (player.family == Family::Synth) add("synth");
  }
  for (const DrumKit& kit : drum_kits()) {
    if (kit.word != instrument_or_kit) continue;
    for (const std::string& other : kit.synonyms) add(other);
    add("drums");
  }
  return words;
}

std::span<const std::string_view> tempo_words(double bpm) {
  if (bpm <= 84) return kSlow;
  if (bpm >= 138) return kFast;
  if (bpm >= 96 && bpm <= 120) return kMiddle;
  return {};
}

std::vector<std::string_view> part_words(const AudiblePart& part) {
  const std::string_view family = family_word(instrument(part.instrument).family);
  for (const PartWords& entry : kParts) {
    const bool ours = entry.families.empty() || entry.families.find(family) != std::string::npos;
    if (entry.role == part.role && ours) return split(entry.words);
  }
  return {};
}

std::span<const std::string_view> drum_part_words() { return kDrumsPart; }

std::vector<PartVocabulary> part_vocabulary() {
  std::vector<PartVocabulary> parts{{"drums", {}}};
  const auto add = [](PartVocabulary& part, std::string_view word) {
    if (std::ranges::find(part.words, word) == part.words.end()) part.words.push_back(word);
  };
  for (const std::string_view word : kDrumsPart) add(parts.front(), word);
  for (const PartWords& entry : kParts) {
    if (parts.back().role != entry.role) {
      parts.push_back({entry.role, {}});
      for (const std::string_view word : part_adjectives(entry.role)) add(parts.back(), word);
    }
    for (const std::string_view word : split(entry.words)) add(parts.back(), word);
  }
  return parts;
}

std::span<const std::string_view> part_adjectives(std::string_view role) {
  if (role == "pad") return kPadAdjectives;
  if (role == "arpeggio") return kArpeggioAdjectives;
  if (role == "lead") return kLeadAdjectives;
  return {};
}

const std::string& word_of(const std::vector<std::string>& words, Random& random) {
  if (words.size() == 1 || random.chance(0.67)) return words.front();
  return words[1 + random.index(words.size() - 1)];
}

}  // namespace riffle::corpus
