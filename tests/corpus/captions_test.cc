// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/captions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>
#include <sstream>

#include "corpus/caption_words.h"
#include "corpus/compose.h"
#include "corpus/form.h"
#include "corpus/genres.h"
#include "corpus/instruments.h"
#include "corpus/theory.h"

namespace riffle::corpus {
namespace {

struct Told {
  ExcerptFacts facts;
  std::vector<std::string> texts;
};

const std::vector<Told>& told() {
  static const std::vector<Told> all = [] {
    std::vector<Told> list;
    for (uint64_t seed = 0; seed < 400; ++seed) {
      const Song song = compose(seed, {.mma_share = 0});
      const int64_t bar = song.beats_per_bar * kTicksPerBeat;
      for (const Section& section : song.sections) {
        const int64_t from = section.first_bar * bar;
        ExcerptFacts facts = facts_of(song, from, from + section.bars * bar);
        std::vector<std::string> texts = captions(facts, seed, 8);
        list.push_back({std::move(facts), std::move(texts)});
      }
    }
    return list;
  }();
  return all;
}

// Takes every phrase out of the text where it stands as whole words; true if one was there.
bool take_out(std::string& text, std::vector<std::string> phrases) {
  std::ranges::sort(phrases, std::ranges::greater{}, &std::string::size);
  bool found = false;
  for (const std::string& phrase : phrases) {
    for (size_t at = text.find(phrase); at != std::string::npos; at = text.find(phrase, at + 1)) {
      const auto letter = [&](size_t i) {
        return i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0);
      };
      if ((at > 0 && letter(at - 1)) || letter(at + phrase.size())) continue;
      text.replace(at, phrase.size(), "~");
      found = true;
    }
  }
  return found;
}

std::vector<std::string> phrases_of(const ExcerptFacts& facts) {
  std::vector<std::string> phrases = genre_words(facts.genre);
  const auto add = [&](const std::vector<std::string>& words) {
    phrases.insert(phrases.end(), words.begin(), words.end());
  };
  add(mood_words(facts.mood));
  if (!facts.drums.empty()) add(instrument_words(facts.drums));
  for (const AudiblePart& part : facts.parts) add(instrument_words(part.instrument));
  return phrases;
}

TEST(Captions, NameNoInstrumentThatIsNotThere) {
  std::vector<std::string> players;
  for (const Instrument& entry : instruments()) {
    for (const std::string& word : instrument_words(entry.word)) players.push_back(word);
  }
  for (const DrumKit& kit : drum_kits()) {
    for (const std::string& word : instrument_words(kit.word)) players.push_back(word);
  }
  for (const auto& [facts, texts] : told()) {
    for (const std::string& text : texts) {
      std::string rest = text;
      take_out(rest, {"no drums", "without drums", "no bass", "without bass"});
      take_out(rest, phrases_of(facts));
      take_out(rest, {"bass line"});  // a part, of a tuba say
      const std::string before = rest;
      EXPECT_FALSE(take_out(rest, players)) << text << "  ->  " << before;
    }
  }
}

TEST(Captions, NameNoOtherGenreOrMood) {
  for (const auto& [facts, texts] : told()) {
    std::vector<std::string> others;
    for (const Genre& genre : genre_table()) {
      for (const std::string& word : genre_words(genre.name)) others.push_back(word);
    }
    for (const Mood& mood : mood_table()) {
      for (const std::string& word : mood_words(mood.word)) others.push_back(word);
    }
    for (const std::string& text : texts) {
      std::string rest = text;
      take_out(rest, phrases_of(facts));
      const std::string before = rest;
      EXPECT_FALSE(take_out(rest, others)) << text << "  ->  " << before;
    }
  }
}

TEST(Captions, TempoKeyAndMeterAreThoseOfTheFacts) {
  const std::regex tempo("([0-9]+) bpm");
  const std::regex key(
      "\\b([a-g]#?) (major|minor|dorian|phrygian|lydian|mixolydian|harmonic minor)\\b");
  int tempi = 0;
  int keys = 0;
  for (const auto& [facts, texts] : told()) {
    for (const std::string& text : texts) {
      std::smatch match;
      if (std::regex_search(text, match, tempo)) {
        ++tempi;
        EXPECT_EQ(std::stoi(match[1]), std::lround(facts.bpm)) << text;
      }
      if (std::regex_search(text, match, key)) {
        ++keys;
        EXPECT_EQ(match[1], key_word(facts.key)) << text;
        EXPECT_EQ(match[2], facts.mode) << text;
      }
      EXPECT_TRUE(facts.beats_per_bar == 3 || text.find("triple") == std::string::npos) << text;
      if (text.find("slow") != std::string::npos && facts.genre != "ballad") {
        EXPECT_LE(facts.bpm, 90) << text;
      }
      EXPECT_TRUE(facts.bpm >= 130 || text.find("fast") == std::string::npos) << text;
    }
  }
  EXPECT_GE(tempi, static_cast<int>(told().size()) * 3);
  EXPECT_GE(keys, static_cast<int>(told().size()) * 2);
}

TEST(Captions, DrumsAreDeniedOnlyWhereThereAreNone) {
  int denied = 0;
  int without = 0;
  for (const auto& [facts, texts] : told()) {
    for (const std::string& text : texts) {
      const bool denies = text.find("no drums") != std::string::npos ||
                          text.find("without drums") != std::string::npos;
      EXPECT_TRUE(facts.drums.empty() || !denies) << text;
      without += facts.drums.empty();
      denied += denies;
      std::string rest = text;
      if (!take_out(rest, {"no bass", "without bass"})) continue;
      for (const AudiblePart& part : facts.parts) EXPECT_NE(part.role, "bass") << text;
    }
  }
  EXPECT_GE(denied * 8, without);
  EXPECT_LE(denied * 2, without);
}

TEST(Captions, WhoNamesAnInstrumentOfABandNamesItsDrums) {
  for (const auto& [facts, texts] : told()) {
    if (facts.drums.empty() || facts.parts.empty()) continue;
    std::vector<std::string> players;
    for (const AudiblePart& part : facts.parts) {
      const auto words = instrument_words(part.instrument);
      players.insert(players.end(), words.begin(), words.end());
    }
    for (const std::string& text : texts) {
      std::string rest = text;
      const bool drums = take_out(rest, instrument_words(facts.drums));
      EXPECT_TRUE(drums || !take_out(rest, players)) << text;
    }
  }
}

TEST(Captions, AreVariedPlainAndShortToLong) {
  const std::regex plain("[a-z0-9#, -]+");
  double first = 0;
  double last = 0;
  for (const auto& [facts, texts] : told()) {
    ASSERT_EQ(texts.size(), 8U);
    EXPECT_GE(std::set<std::string>(texts.begin(), texts.end()).size(), 6U) << texts.front();
    for (const std::string& text : texts) {
      EXPECT_TRUE(std::regex_match(text, plain)) << text;
      EXPECT_FALSE(text.starts_with(' ') || text.ends_with(' ')) << text;
      EXPECT_EQ(text.find("  "), std::string::npos) << text;
      EXPECT_FALSE(std::regex_search(text, std::regex("\\b([a-z]+) \\1\\b"))) << text;
    }
    first += static_cast<double>(texts.front().size());
    last += static_cast<double>(texts.back().size());
  }
  EXPECT_GE(first, 1.7 * last);
}

TEST(Captions, TheSameFactsAndSeedGiveTheSameOnes) {
  const ExcerptFacts& facts = told().front().facts;
  EXPECT_EQ(captions(facts, 5, 8), captions(facts, 5, 8));
  EXPECT_NE(captions(facts, 5, 8), captions(facts, 6, 8));
}

TEST(Captions, SayNothingOfFactsThatAreNotKnown) {
  const ExcerptFacts facts{.parts = {{"violin", "lead"}}};
  for (const std::string& text : captions(facts, 1, 10)) {
    EXPECT_EQ(text.find("bpm"), std::string::npos) << text;
    EXPECT_NE(text.find("violin"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace riffle::corpus
