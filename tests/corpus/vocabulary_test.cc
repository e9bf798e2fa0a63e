// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "core/files.h"
#include "corpus/captions.h"
#include "corpus/compose.h"
#include "corpus/genres.h"
#include "corpus/instruments.h"
#include "corpus/theory.h"

namespace riffle::corpus {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '#') {
      words.back().push_back(c);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

TEST(Vocabulary, CaptionsSayAllOfItAndNothingElse) {
  const std::vector<std::string> list = vocabulary_words();
  const std::set<std::string> known(list.begin(), list.end());
  EXPECT_LT(known.size(), 500U);
  std::set<std::string> keys;
  for (int key = 0; key < 12; ++key) keys.insert(key_word(key));
  std::map<std::string, int> said;
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    const Song song = compose(seed, {.mma_share = 0});
    for (const std::string& text : captions(facts_of(song, 0, song.ticks()), seed, 8)) {
      for (const std::string& word : words_of(text)) {
        const bool number = std::isdigit(static_cast<unsigned char>(word[0])) != 0;
        ++said[word];
        ASSERT_TRUE(known.contains(word) || number || keys.contains(word)) << word << ": " << text;
      }
    }
  }
  for (const std::string& word : known) EXPECT_GE(said[word], 1) << word;
}

TEST(Vocabulary, ThePageInDocsIsUpToDate) {
  const auto file = std::filesystem::path(RIFFLE_SOURCE_DIR) / "docs" / "vocabulary.md";
  if (std::getenv("RIFFLE_UPDATE_DOCS") != nullptr) write_text_file(file, vocabulary_page());
  EXPECT_EQ(read_text_file(file, 1 << 20), vocabulary_page())
      << "RIFFLE_UPDATE_DOCS=1 in the environment of this test writes it anew";
}

// "guitar", "bass" and other general words may come several times; nothing else may.
TEST(Vocabulary, NoWordMeansTwoInstrumentsOrTwoGenres) {
  std::map<std::string, int> meanings;
  for (const VocabularyGroup& group : vocabulary()) {
    if (group.name == "Parts" || group.name == "Moods") continue;
    for (const VocabularyEntry& entry : group.entries) {
      ++meanings[entry.word];
      for (const std::string& other : entry.others) ++meanings[other];
    }
  }
  for (const auto& [word, count] : meanings) {
    if (std::set<std::string>{"guitar", "bass", "synth", "drums"}.contains(word)) continue;
    EXPECT_EQ(count, 1) << word;
  }
}

}  // namespace
}  // namespace riffle::corpus
