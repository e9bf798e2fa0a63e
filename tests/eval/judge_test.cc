// SPDX-License-Identifier: GPL-3.0-or-later
// The trained judge: what a prompt asks for, learning, thresholds, keeping and opening it.
#include "eval/judge.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "eval/make_judge.h"
#include "eval/toy_corpus.h"
#include "support/test_files.h"

namespace riffle::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

shards::Record ballad() {
  shards::Record record = test::toy_record(0, shards::Split::Test);
  record.segments[0].instruments = {"violin", "slap bass", "piano"};
  return record;
}

Asked asked(const std::string& caption, const shards::Record& record = ballad()) {
  return asked_by_caption(caption, record, record.segments[0]);
}

TEST(AskedTest, HoldsAPromptOnlyToWhatItTells) {
  const Asked all = asked("rock with violin melody and slapped bass at 100 bpm in f# minor, drums");
  EXPECT_THAT(all.instruments, ElementsAre("violin", "slap bass"));
  EXPECT_EQ(all.maybe_drums, true);
  EXPECT_EQ(all.maybe_bpm, 100);
  EXPECT_EQ(all.maybe_key, (Key{6, "minor"}));
  EXPECT_EQ(all.genre, "rock");
  const Asked little = asked("something sad");
  EXPECT_THAT(little.instruments, IsEmpty());
  EXPECT_FALSE(little.maybe_drums || little.maybe_bpm || little.maybe_key);
  EXPECT_EQ(little.genre, "");
}

TEST(AskedTest, WordsCountAsAWhole) {
  EXPECT_FALSE(asked("f minor").maybe_key);
  EXPECT_FALSE(asked("1100 bpm").maybe_bpm);
  EXPECT_THAT(asked("violins").instruments, IsEmpty());
  EXPECT_THAT(asked("bass").instruments, IsEmpty()) << "that may be any bass";
}

TEST(AskedTest, NoDrumsAreAskedForInWords) {
  shards::Record record = test::toy_record(2, shards::Split::Test);
  record.segments[0].drums = false;
  EXPECT_EQ(asked("solo violin", record).maybe_drums, false);
  EXPECT_EQ(asked("violin without drums", record).maybe_drums, false);
  EXPECT_FALSE(asked("violin melody", record).maybe_drums);
}

TEST(AskedTest, SurvivesItsJson) {
  const Asked before = asked("violin, 100 bpm, f# minor");
  const Asked after = asked_from_json(Json::parse(to_json(before).dump()), "prompt");
  EXPECT_EQ(after.prompt, before.prompt);
  EXPECT_EQ(after.instruments, before.instruments);
  EXPECT_EQ(after.maybe_bpm, before.maybe_bpm);
  EXPECT_EQ(after.maybe_key, before.maybe_key);
  EXPECT_EQ(after.maybe_drums, before.maybe_drums);
}

TEST(AskedTest, FamiliesOfTheVocabulary) {
  EXPECT_EQ(family_of("muted guitar"), "guitar");
  EXPECT_EQ(family_of("trumpet"), "brass");
  EXPECT_EQ(family_of("808 drums"), "");
}

TEST(FavouriteTest, IsWhatIsFarthestAboveItsOwnThreshold) {
  Judge judge;
  judge.instrument_thresholds = {0.5, 0.1, 0.5};
  const at::Tensor heard = at::tensor({0.4F, 0.2F, 0.45F});
  EXPECT_EQ(judge.favourite(heard, std::vector<int64_t>{0, 1, 2}), 1);
  EXPECT_EQ(judge.favourite(heard, std::vector<int64_t>{0, 2}), 2);
}

TEST(ThresholdTest, FindsAsManyAsThereAre) {
  const at::Tensor probabilities =
      at::tensor({0.9F, 0.1F, 0.7F, 0.2F, 0.4F, 0.3F, 0.2F, 0.6F}).view({4, 2});
  const at::Tensor labels =
      at::tensor({1.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F}).view({4, 2});
  const auto thresholds = equal_thresholds(probabilities, labels);
  EXPECT_NEAR(thresholds[0], 0.55, 1e-6);
  EXPECT_EQ(thresholds[1], 0.5) << "nothing to go by";
}

// A judge made once, for the tests below.
class JudgeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<riffle::test::TemporaryFolder>();
    test::write_toy_corpus(*folder_ / "corpus");
    const shards::ShardReader reader(*folder_ / "corpus");
    judge_ = std::make_unique<Judge>(
        make_judge(reader, {.training = {.steps = 80, .batch = 8, .seed = 1, .stripes = false},
                            .reference_clips = 16,
                            .prompts = 6,
                            .decoded = 2}));
  }
  static void TearDownTestSuite() {
    judge_.reset();
    folder_.reset();
  }
  static std::unique_ptr<riffle::test::TemporaryFolder> folder_;
  static std::unique_ptr<Judge> judge_;
};
std::unique_ptr<riffle::test::TemporaryFolder> JudgeTest::folder_;
std::unique_ptr<Judge> JudgeTest::judge_;

TEST_F(JudgeTest, LearnsWhatCanBeSeen) {
  EXPECT_GT(judge_->ceilings.at("instrument"), 0.9);
  EXPECT_GT(judge_->ceilings.at("drums"), 0.9);
  EXPECT_GT(judge_->ceilings.at("genre"), 0.8);
  EXPECT_EQ(judge_->ceilings.count("instrument, unseen soundfont"), 1U);
  EXPECT_EQ(judge_->prompts.size(), 6U);
}

TEST_F(JudgeTest, HearsMoreInRealMusicThanInNoiseAndNothingInSilence) {
  const auto heard = [&](const at::Tensor& levels) {
    return judge_->listen(levels.unsqueeze(0))
        .instruments[0][judge_->place_of_instrument("violin")]
        .item<double>();
  };
  at::manual_seed(1);
  const double real = heard(test::toy_levels({.violin = true}, 256, 77));
  const double noise = heard(at::randint(0, 256, {test::kToyRows, 256}).to(at::kByte));
  const double silence = heard(at::full({test::kToyRows, 256}, 255, at::kByte));
  EXPECT_GT(real, noise);
  EXPECT_GT(real, silence);
}

TEST_F(JudgeTest, IsTheSameAfterSavingUpToHalfPrecision) {
  save_judge(*judge_, *folder_ / "judge");
  const Judge opened = open_judge(*folder_ / "judge");
  EXPECT_EQ(opened.ceilings, judge_->ceilings);
  EXPECT_EQ(opened.instrument_thresholds, judge_->instrument_thresholds);
  EXPECT_EQ(opened.params, judge_->params);
  EXPECT_EQ(opened.prompts.size(), judge_->prompts.size());
  const at::Tensor levels = test::toy_levels({.organ = true, .drums = true}, 256, 5).unsqueeze(0);
  EXPECT_TRUE(at::allclose(opened.listen(levels).instruments, judge_->listen(levels).instruments,
                           0.02, 0.01));
  EXPECT_TRUE(at::allclose(opened.held_out, judge_->held_out, 2e-3, 1e-2));
}

TEST_F(JudgeTest, TheSameSeedTeachesTheSame) {
  const shards::ShardReader reader(*folder_ / "corpus");
  const JudgeData data(reader, vocabulary_of(reader));
  const auto losses = [&] {
    at::manual_seed(3);
    Tagger tagger(data.config());
    return train_tagger(tagger, data, data.pieces(shards::Split::Train),
                        {.steps = 3, .batch = 4, .seed = 9});
  };
  EXPECT_EQ(losses(), losses());
}

TEST_F(JudgeTest, RefusesOtherPicturesDamagedFoldersAndPoorCorpora) {
  EXPECT_RIFFLE_ERROR(judge_->listen(at::zeros({1, 32, 256}, at::kByte)),
                      ErrorCode::InvalidArgument, "64 x 256");
  EXPECT_RIFFLE_ERROR(open_judge(*folder_ / "nowhere"), ErrorCode::NotFound, "judge.json");
  save_judge(*judge_, *folder_ / "damaged");
  write_text_file(*folder_ / "damaged/judge.json", R"({"format": 1})");
  EXPECT_RIFFLE_ERROR(open_judge(*folder_ / "damaged"), ErrorCode::BadFile, "tagger");
  const shards::ShardWriter empty(*folder_ / "empty", {.spectrogram = {{"power_for_image", 0.25}}});
  EXPECT_RIFFLE_ERROR(make_judge(shards::ShardReader(*folder_ / "empty"), {}),
                      ErrorCode::InvalidArgument, "instrument");
}

TEST_F(JudgeTest, CanBeStopped) {
  std::stop_source source;
  const Job job{source.get_token(), [&](const Progress&) { source.request_stop(); }};
  const shards::ShardReader reader(*folder_ / "corpus");
  EXPECT_RIFFLE_ERROR(make_judge(reader, {.training = {.steps = 50, .batch = 2}}, job),
                      ErrorCode::Cancelled, "");
}

}  // namespace
}  // namespace riffle::eval
