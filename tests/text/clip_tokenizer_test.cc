// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/clip_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/json.h"
#include "small_vocabulary.h"
#include "support/test_files.h"

namespace riffle::text {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<int64_t>;

ClipTokenizer small() {
  return ClipTokenizer(
      small_clip_files({{"l", "o"}, {"lo", "w</w>"}, {"e", "r</w>"}, {"lo", "w"}, {"a", "a"}}));
}
int64_t letter(char c) { return static_cast<uint8_t>(c); }
int64_t last_letter(char c) { return 256 + static_cast<uint8_t>(c); }
constexpr int64_t kLow = 512 + 1;  // "low</w>"
constexpr int64_t kEr = 512 + 2;   // "er</w>"
constexpr int64_t kLowInside = 512 + 3;
constexpr int64_t kAa = 512 + 4;

TEST(ClipTokenizer, MergesByRankFromTheLeft) {
  const ClipTokenizer t = small();
  EXPECT_THAT(t.encode("low"), ElementsAre(kLow));
  EXPECT_THAT(t.encode("LOWER"), ElementsAre(kLowInside, kEr));
  EXPECT_THAT(t.encode("lower low"), ElementsAre(kLowInside, kEr, kLow));
  EXPECT_THAT(t.encode("aaa"), ElementsAre(kAa, last_letter('a')));
  EXPECT_THAT(t.encode("aaaa"),
              ElementsAre(kAa, letter('a'), last_letter('a')));  // "aa</w>" is no merge
  EXPECT_THAT(t.encode(""), ElementsAre());
  EXPECT_THAT(t.encode("é"), ElementsAre(0xc3, 256 + 0xa9));
}

TEST(ClipTokenizer, WordsNumbersAndSigns) {
  const ClipTokenizer t = small();
  // Each digit is a word, runs of signs are words, contractions part.
  EXPECT_THAT(t.encode("12"), ElementsAre(last_letter('1'), last_letter('2')));
  EXPECT_THAT(t.encode("a!?b"),
              ElementsAre(last_letter('a'), letter('!'), last_letter('?'), last_letter('b')));
  EXPECT_THAT(t.encode("a's"), ElementsAre(last_letter('a'), letter('\''), last_letter('s')));
  EXPECT_THAT(t.encode("a'x"), ElementsAre(last_letter('a'), last_letter('\''), last_letter('x')));
  EXPECT_THAT(t.encode("a<|endoftext|>"), ElementsAre(last_letter('a'), t.eos_id()));
  // The original loses U+0345 between its pattern's alternatives (found by comparing at random).
  EXPECT_THAT(t.encode("a\u0345b"), ElementsAre(last_letter('a'), last_letter('b')));
}

TEST(ClipTokenizer, CleansAsTheOriginal) {
  EXPECT_EQ(clean_clip_text("  A\t \n B  "), "a b");
  EXPECT_EQ(clean_clip_text("drum &amp;amp; bass"), "drum & bass");
  EXPECT_EQ(clean_clip_text("&lt;b&gt; &#39;x&#x27; &notit; &zzz &"), "<b> 'x' ¬it; &zzz &");
  EXPECT_EQ(clean_clip_text("ÄÖÜ ΟΔΟΣ İ"), "äöü οδος i̇");
  EXPECT_EQ(clean_clip_text("a\u00a0\u3000b\u001c"), "a b");
  EXPECT_RIFFLE_ERROR(clean_clip_text("ab\xff"), ErrorCode::InvalidArgument, "not UTF-8 at byte 2");
  EXPECT_RIFFLE_ERROR(clean_clip_text(std::string(2'000'000, 'a')), ErrorCode::InvalidArgument,
                      "1048576");
}

TEST(ClipTokenizer, PaddedIsAlwaysAsLongAsTheModelWants) {
  const ClipTokenizer t = small();
  Ids expected(77, t.pad_id());
  expected[0] = t.bos_id();
  expected[1] = kLow;
  expected[2] = t.eos_id();
  EXPECT_EQ(t.encode_padded("low"), expected);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "low ";
  const Ids cut = t.encode_padded(many);
  ASSERT_EQ(cut.size(), 77U);
  EXPECT_EQ(cut[75], kLow);
  EXPECT_EQ(cut[76], t.eos_id());
}

TEST(ClipTokenizer, LongWordsTakeNoLongTime) {
  // One word of a megabyte: quadratic time would take hours.
  EXPECT_EQ(small().encode(std::string(1 << 20, 'a')).size(), (size_t{1} << 19) + 1);
}

TEST(ClipTokenizer, DecodeGivesTheWordsBack) {
  const ClipTokenizer t = small();
  for (const char* text : {"lower low", "música 日本 🎸", "a ' s 1 2"}) {
    EXPECT_EQ(t.decode(t.encode(text)), text);
  }
  EXPECT_EQ(t.decode({t.bos_id(), kLow, t.eos_id(), 999'999}), "low");
}

TEST(ClipTokenizer, LoadsFromFilesAndConfig) {
  test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(ClipTokenizer::load(folder.path()), ErrorCode::NotFound,
                      "neither vocab.json nor tokenizer.json");
  BpeFiles files = small_clip_files({{"l", "o"}});
  files.vocabulary["!pad"] = 7'000;
  std::ofstream(folder / "vocab.json") << Json(files.vocabulary).dump();
  EXPECT_RIFFLE_ERROR(ClipTokenizer::load(folder.path()), ErrorCode::NotFound, "merges.txt");
  std::ofstream(folder / "merges.txt")
      << "#version: 0.2\nl o\nq u\n";  // "qu" is not in the vocabulary
  std::ofstream(folder / "tokenizer_config.json")
      << R"({"pad_token": {"content": "!pad"}, "model_max_length": 12})";
  const ClipTokenizer t = ClipTokenizer::load(folder.path());
  EXPECT_EQ(t.pad_id(), 7'000);
  EXPECT_EQ(t.length(), 12);
  EXPECT_THAT(t.encode("lot"), ElementsAre(512, last_letter('t')));
  EXPECT_EQ(t.encode("quo").size(), 3U);

  // The same in one file, with merges in both of the forms in use.
  test::TemporaryFolder other;
  Json whole;
  whole["model"]["vocab"] = files.vocabulary;
  whole["model"]["merges"] = {"l o", {"q", "u"}};
  std::ofstream(other / "tokenizer.json") << whole.dump();
  EXPECT_EQ(ClipTokenizer::load(other.path()).encode("lot"), t.encode("lot"));
}

TEST(ClipTokenizer, HostileFilesAreRefused) {
  const auto refuse = [](const std::string& vocabulary, const std::string& merges,
                         const char* part) {
    test::TemporaryFolder folder;
    std::ofstream(folder / "vocab.json") << vocabulary;
    std::ofstream(folder / "merges.txt") << merges;
    EXPECT_RIFFLE_ERROR(ClipTokenizer::load(folder.path()), ErrorCode::BadFile, part);
  };
  refuse("[]", "", "expected an object of tokens");
  refuse("{}", "", "lacks \"<|startoftext|>\"");
  refuse(R"({"a": -1})", "", "no natural number");
  refuse(R"({"a": 4294967296})", "", "no natural number");
  refuse(R"({"a": "b"})", "", "no natural number");
  refuse("{\"\xff\": 1}", "", "not valid JSON");
  refuse("{}", "abc\n", "merge 1 is not two tokens");
  refuse("{}", "a b\na b c\n", "merge 2 is not two tokens");
  refuse("{}", " b\n", "merge 1 is not two tokens");
}

TEST(ClipTokenizer, GoldenIdsOfTheOriginal) {
  RIFFLE_REFERENCE_OR_SKIP(folder, "riff-tiny/tokenizer");
  const ClipTokenizer t = ClipTokenizer::load(folder);
  EXPECT_EQ(t.bos_id(), 49406);
  EXPECT_EQ(t.eos_id(), 49407);
  EXPECT_EQ(t.pad_id(), 49407);
  for (const Json& row : read_json_file(test::golden_file("clip_tokens.json"))) {
    EXPECT_EQ(t.encode(row["prompt"].get<std::string>()), row["ids"].get<Ids>()) << row["prompt"];
  }
}

}  // namespace
}  // namespace riffle::text
