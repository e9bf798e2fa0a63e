// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/word_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::text {
namespace {

using testing::ElementsAre;

WordVocabulary small() {
  const std::vector<std::string> captions = {"funky Bass", "bass drums, bass", "drums no funky",
                                             "lo-fi drum", "lo-fi no"};
  return WordVocabulary::build(captions);
}

TEST(Words, AreSplitAtEverythingElse) {
  EXPECT_THAT(words_of_prompt("Lo-Fi  piano, no drums! f# 4/4 don't"),
              ElementsAre("lo", "fi", "piano", "no", "drums", "f#", "4", "4", "don't"));
  EXPECT_TRUE(words_of_prompt(" - ").empty());
}

TEST(WordVocabulary, KeepsFrequentWordsInOrder) {
  EXPECT_THAT(small().words(),
              ElementsAre("<end>", "<unknown>", "bass", "drums", "fi", "funky", "lo", "no"));
}

TEST(WordVocabulary, EncodesKnownWordsAndTellsTheOthers) {
  const auto encoded = small().encode("funky zither and drums, zither", 5);
  EXPECT_THAT(encoded.ids, ElementsAre(5, 3, 0, 0, 0));
  EXPECT_THAT(encoded.unknown, ElementsAre("zither", "and"));
  EXPECT_EQ(encoded.dropped, 0);
}

TEST(WordVocabulary, FindsPluralsAndSingulars) {
  EXPECT_THAT(small().encode("drum basss", 3).ids, ElementsAre(3, 2, 0));
}

TEST(WordVocabulary, ARowAlwaysEnds) {
  const auto encoded = small().encode("bass bass drums no", 3);
  EXPECT_THAT(encoded.ids, ElementsAre(2, 2, 0));
  EXPECT_EQ(encoded.dropped, 2);
  EXPECT_RIFFLE_ERROR(small().encode("bass", 0), ErrorCode::InvalidArgument, "token");
}

TEST(WordVocabulary, GrowsAtTheEnd) {
  const std::vector<std::string> captions = {"tango bass", "tango"};
  const auto more = small().extended_by(WordVocabulary::build(captions));
  EXPECT_EQ(more.size(), small().size() + 1);
  EXPECT_EQ(more.words().back(), "tango");
  EXPECT_EQ(more.encode("bass", 1 + 1).ids, small().encode("bass", 1 + 1).ids);
}

TEST(WordVocabulary, ComesBackFromItsFile) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(WordVocabulary::is_in(folder.path()));
  small().save(folder.path());
  EXPECT_TRUE(WordVocabulary::is_in(folder.path()));
  EXPECT_EQ(WordVocabulary::load(folder.path()).words(), small().words());
  write_text_file(folder / "merges.txt", "a b\n");
  EXPECT_FALSE(WordVocabulary::is_in(folder.path()));
}

TEST(WordVocabulary, RefusesFilesThatAreNone) {
  const test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(WordVocabulary::load(folder.path()), ErrorCode::NotFound, "vocab.json");
  for (const char* text : {"[1]", "{}", R"({"<end>": 0, "<unknown>": 2})",
                           R"({"<end>": 0, "<unknown>": 0})", R"({"<end>": 1, "<unknown>": 0})",
                           R"({"<end>": 0, "<unknown>": -1})", R"({"a": 0, "b": 1})"}) {
    write_text_file(folder / "vocab.json", text);
    EXPECT_RIFFLE_ERROR(WordVocabulary::load(folder.path()), ErrorCode::BadFile, "vocab.json");
  }
}

}  // namespace
}  // namespace riffle::text
