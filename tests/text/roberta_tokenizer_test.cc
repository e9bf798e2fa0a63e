// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/roberta_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"
#include "small_vocabulary.h"
#include "support/test_files.h"
#include "text/detail/split_words.h"

namespace riffle::text {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<int64_t>;

TEST(RobertaTokenizer, WordsKeepTheirBlank) {
  using detail::split_gpt2_words;
  EXPECT_THAT(split_gpt2_words("a b  c"), ElementsAre("a", " b", " ", " c"));
  EXPECT_THAT(split_gpt2_words(" 12x!?  "), ElementsAre(" 12", "x", "!?", "  "));
  EXPECT_THAT(split_gpt2_words("it's 'S\n\nb"),
              ElementsAre("it", "'s", " '", "S", "\n", "\n", "b"));
  EXPECT_THAT(split_gpt2_words(""), ElementsAre());
}

TEST(RobertaTokenizer, CutsToTheLengthAsked) {
  BpeFiles files = small_clip_files({});
  for (const auto& [token, id] :
       {std::pair("<s>", 900), {"</s>", 902}, {"<pad>", 901}, {"<unk>", 903}}) {
    files.vocabulary[token] = id;
  }
  const RobertaTokenizer t(files);
  EXPECT_THAT(t.encode("ab"), ElementsAre(900, 'a', 'b', 902));
  EXPECT_THAT(t.encode("abcdef", 4), ElementsAre(900, 'a', 'b', 902));
  EXPECT_THAT(t.encode("", 2), ElementsAre(900, 902));
  EXPECT_RIFFLE_ERROR(t.encode("a", 1), ErrorCode::InvalidArgument, "at least 2");
  EXPECT_RIFFLE_ERROR(t.encode("\x80"), ErrorCode::InvalidArgument, "not UTF-8");
}

TEST(RobertaTokenizer, GoldenIdsOfTransformers) {
  RIFFLE_REFERENCE_OR_SKIP(vocabulary, "clap-tiny/vocab.json");
  const RobertaTokenizer t = RobertaTokenizer::load(vocabulary.parent_path());
  EXPECT_EQ(t.pad_id(), 1);
  for (const Json& row : read_json_file(test::golden_file("roberta_tokens.json"))) {
    EXPECT_EQ(t.encode(row["prompt"].get<std::string>()), row["ids"].get<Ids>()) << row["prompt"];
  }
}

}  // namespace
}  // namespace riffle::text
