// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/prompt_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"
#include "small_vocabulary.h"
#include "support/test_files.h"

namespace riffle::text {

bool operator==(const WeightedSpan& a, const WeightedSpan& b) {
  return a.text == b.text && a.weight == b.weight;
}
void PrintTo(const WeightedSpan& span, std::ostream* out) {
  *out << '"' << span.text << "\" x " << span.weight;
}

namespace {

using ::testing::ElementsAre;

TEST(PromptWeights, GoldenSpansOfTheOriginal) {
  for (const Json& row : read_json_file(test::golden_file("prompt_weighting.json"))) {
    std::vector<WeightedSpan> expected;
    for (const Json& span : row["parsed"])
      expected.push_back({span[0].get<std::string>(), span[1].get<double>()});
    EXPECT_EQ(parse_prompt_weights(row["prompt"].get<std::string>()), expected) << row["prompt"];
  }
}

TEST(PromptWeights, WhatClosesNothingIsText) {
  EXPECT_THAT(parse_prompt_weights(""), ElementsAre(WeightedSpan{"", 1}));
  EXPECT_THAT(parse_prompt_weights("a) b] c:1.5) d"),
              ElementsAre(WeightedSpan{"a) b] c:1.5) d", 1}));
  EXPECT_THAT(parse_prompt_weights("[x:1.2]"), ElementsAre(WeightedSpan{"x:1.2", 1 / 1.1}));
  EXPECT_THAT(parse_prompt_weights("()"), ElementsAre(WeightedSpan{"", 1}));
  EXPECT_THAT(parse_prompt_weights("(a:b:2)"), ElementsAre(WeightedSpan{"a:b", 2}));
  EXPECT_THAT(parse_prompt_weights("(a: 2)"), ElementsAre(WeightedSpan{"a: 2", 1.1}));
  for (const char* number : {"1.2.3", ".", "+", "--1", "1e3", ""}) {
    EXPECT_THAT(parse_prompt_weights(std::string("(a:") + number + ")"),
                ElementsAre(WeightedSpan{std::string("a:") + number, 1.1}));
  }
}

TEST(PromptWeights, SignsAndEscapes) {
  EXPECT_THAT(parse_prompt_weights("(a:-0.5)(b:+.25)"),
              ElementsAre(WeightedSpan{"a", -0.5}, WeightedSpan{"b", 0.25}));
  EXPECT_THAT(parse_prompt_weights(R"(\(\)\[\]\\ \x)"), ElementsAre(WeightedSpan{R"(()[]\ x)", 1}));
  EXPECT_THAT(parse_prompt_weights("a\\"), ElementsAre(WeightedSpan{"a", 1}));
  EXPECT_THAT(parse_prompt_weights("((a"), ElementsAre(WeightedSpan{"a", 1.1 * 1.1}));
  EXPECT_THAT(parse_prompt_weights("(a:1" + std::string(400, '0') + ")"),
              ElementsAre(WeightedSpan{"a", 1e4}));
}

TEST(PromptWeights, ManyBracketsAreNoTrouble) {
  // Nested 1000 deep the weight is 1.1^1000; tokens get a finite one.
  const std::string deep = std::string(10'000, '(') + "a" + std::string(10'000, ')');
  const ClipTokenizer tokenizer(small_clip_files({}));
  const std::vector<std::string> prompts = {deep};
  EXPECT_EQ(tokenize_prompts(tokenizer, prompts)[0].weights[0][1], 1e4F);
}

class Chunks : public ::testing::Test {
 protected:
  // One id a letter, each letter a word.
  static std::string letters(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "a ";
    return text;
  }
  std::vector<PromptTokens> tokens(std::vector<std::string> prompts) {
    return tokenize_prompts(tokenizer_, prompts);
  }

  ClipTokenizer tokenizer_{small_clip_files({})};
};

TEST_F(Chunks, AsManyAsTheLongestPromptNeeds) {
  for (const auto& [letter_count, chunks] : std::vector<std::pair<int, size_t>>{
           {0, 1}, {75, 1}, {76, 2}, {150, 2}, {151, 3}, {300, 3}}) {
    const auto both = tokens({letters(letter_count), ""});
    for (const PromptTokens& t : both) {
      ASSERT_EQ(t.ids.size(), chunks) << letter_count;
      for (size_t i = 0; i < chunks; ++i) {
        ASSERT_EQ(t.ids[i].size(), 77U);
        ASSERT_EQ(t.weights[i].size(), 77U);
        EXPECT_EQ(t.ids[i].front(), tokenizer_.bos_id());
        EXPECT_EQ(t.ids[i].back(), tokenizer_.eos_id());
      }
    }
    EXPECT_EQ(both[0].text_tokens, std::min(letter_count, 225));
    EXPECT_EQ(both[0].dropped_tokens, std::max(letter_count - 225, 0));
    EXPECT_EQ(both[1].text_tokens, 0);
  }
}

TEST_F(Chunks, WeightsStandBesideTheirIds) {
  const auto t = tokens({"(b:1.5)" + letters(74) + "[c]"})[0];
  ASSERT_EQ(t.ids.size(), 2U);
  EXPECT_TRUE(t.is_weighted());
  EXPECT_EQ(t.weights[0][0], 1.0F);
  EXPECT_EQ(t.ids[0][1], 256 + 'b');
  EXPECT_EQ(t.weights[0][1], 1.5F);
  EXPECT_EQ(t.weights[0][2], 1.0F);
  EXPECT_EQ(t.ids[1][1], 256 + 'c');
  EXPECT_EQ(t.weights[1][1], static_cast<float>(1 / 1.1));
  EXPECT_EQ(t.weights[1][2], 1.0F);
  EXPECT_FALSE(tokens({letters(80)})[0].is_weighted());
}

TEST_F(Chunks, PlainPromptsKeepTheirBrackets) {
  const std::vector<std::string> prompts = {"(b)"};
  const PromptTokens t = tokenize_plain_prompts(tokenizer_, prompts)[0];
  EXPECT_EQ(t.ids[0][1], 256 + '(');
  EXPECT_FALSE(t.is_weighted());
}

TEST(PromptWeights, GoldenChunks) {
  RIFFLE_REFERENCE_OR_SKIP(folder, "riff-tiny/tokenizer");
  const ClipTokenizer tokenizer = ClipTokenizer::load(folder);
  for (const Json& row : read_json_file(test::golden_file("prompt_weighting.json"))) {
    const std::vector<std::string> prompts = {row["prompt"].get<std::string>()};
    EXPECT_EQ(tokenize_prompts(tokenizer, prompts)[0].ids.size() * 77,
              row["shape"][1].get<size_t>())
        << prompts[0];
  }
}

}  // namespace
}  // namespace riffle::text
