// SPDX-License-Identifier: GPL-3.0-or-later
// Every pipeline on a model of riffle-small's kind, and what only such models have: words they say
// they do not know, and beats.
#include "small_model.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "pipelines/chroma_rows.h"
#include "pipelines/cover.h"
#include "pipelines/generate.h"
#include "pipelines/inpaint.h"
#include "pipelines/morph.h"
#include "pipelines/prompt_schedule.h"

namespace riffle::pipelines {
namespace {

class SmallModelTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<test::SmallModel>(); }
  static void TearDownTestSuite() { model_.reset(); }

  static Clip one(const GenerateRequest& request) {
    std::vector<Clip> clips = generate(**model_, request);
    EXPECT_EQ(clips.size(), 1U);
    return std::move(clips.at(0));
  }

  static std::unique_ptr<test::SmallModel> model_;
};

std::unique_ptr<test::SmallModel> SmallModelTest::model_;

TEST_F(SmallModelTest, GeometryIsTheBundles) {
  const Geometry& geometry = (*model_)->geometry();
  EXPECT_EQ(geometry.rows, 4);
  EXPECT_EQ(geometry.factor, 8);
  EXPECT_EQ(geometry.frequency_factor, 16);
  EXPECT_EQ(geometry.window, 8);
  EXPECT_EQ(geometry.media_channels, 1);
  EXPECT_EQ(geometry.latent_channels, 4);
}

TEST_F(SmallModelTest, LengthsAreExact) {
  for (const double seconds : {0.5, 1.28, 3.3}) {
    const Clip clip =
        one({.prompt = "funky bass", .length = {.seconds = seconds}, .sampling = test::quick(1)});
    EXPECT_EQ(clip.sound.frames(), std::llround(seconds * 16000));
  }
  const Clip loop = one({.prompt = "drums",
                         .length = {.bars = 1, .bpm = 97},
                         .loop = true,
                         .sampling = test::quick(1)});
  EXPECT_EQ(loop.sound.frames(), std::llround(4 * 60.0 / 97 * 16000));
}

TEST_F(SmallModelTest, SaysWhichWordsItDoesNotKnow) {
  const Clip clip = one({.prompt = "funky zither", .sampling = test::quick(1, 1)});
  EXPECT_TRUE(test::has_note(clip.notes, "zither"));
  EXPECT_FALSE(test::has_note(clip.notes, "funky"));
}

TEST_F(SmallModelTest, ATempoAskedForIsHeard) {
  const auto latents = [](const char* prompt, std::optional<double> bpm) {
    return one({.prompt = prompt, .length = {.bpm = bpm}, .sampling = test::quick(5)}).latents;
  };
  const at::Tensor plain = latents("drums", {});
  const at::Tensor option = latents("drums", 120);
  EXPECT_GT(test::relative_error(option, plain), 1e-3);
  EXPECT_LT(test::relative_error(latents("drums 120 bpm", {}), option), 1e-5);
  EXPECT_LT(test::relative_error(latents("drums 120 bpm", 90), option), 1e-5);
}

TEST_F(SmallModelTest, WindowsContinueTheBeat) {
  const std::vector<TimedPrompt> prompts = {{0, "drums"}};
  const diffusion::WindowPlan plan(30, {.window = 8, .overlap = 2});
  const SteeredWindows steered = steer(**model_, prompts, "", plan, PieceBeats{.bpm = 125}, Job{});
  ASSERT_EQ(steered.prompts.size(), static_cast<size_t>(plan.count()));
  const at::Tensor whole = models::beat_rows({.columns_per_beat = 3}, 0, 30);  // 480 ms a beat
  for (int64_t k = 0; k < plan.count(); ++k) {
    const auto& prompt = steered.prompts[static_cast<size_t>(k)];
    const at::Tensor part = whole.narrow(2, plan.starts()[static_cast<size_t>(k)], 8);
    EXPECT_LT((prompt.positive.beats - part).abs().max().item<float>(), 1e-4) << k;
    EXPECT_TRUE(prompt.negative.beats.defined());
  }
  EXPECT_EQ(steer(**model_, prompts, "", plan, PieceBeats{}, Job{}).prompts.size(), 1U);
}

// A loop's beats go round: a whole number of them over its columns.
TEST_F(SmallModelTest, BeatsOfALoopGoRound) {
  const std::vector<TimedPrompt> prompts = {{0, "drums"}};
  const diffusion::WindowPlan plan(21, {.window = 8, .overlap = 2, .circular = true});
  const SteeredWindows steered =
      steer(**model_, prompts, "", plan, PieceBeats{.bpm = 71, .whole_beats = 4}, Job{});
  const models::BeatGrid grid{.columns_per_beat = 21.0 / 4};
  const at::Tensor twice = models::beat_rows(grid, 0, 42);
  EXPECT_LT((twice.narrow(2, 0, 21) - twice.narrow(2, 21, 21)).abs().max().item<float>(), 1e-4);
  for (int64_t k = 0; k < plan.count(); ++k) {
    const at::Tensor part = twice.narrow(2, plan.starts()[static_cast<size_t>(k)], 8);
    const at::Tensor& beats = steered.prompts[static_cast<size_t>(k)].positive.beats;
    EXPECT_LT((beats - part).abs().max().item<float>(), 1e-4) << k;
  }
}

TEST_F(SmallModelTest, ChordsComeRoundWindowByWindow) {
  const std::vector<TimedPrompt> prompts = {{0, "drums"}};
  const diffusion::WindowPlan plan(30, {.window = 8, .overlap = 2});
  const auto chords = text::parse_chords("C | Am F");
  // 480 ms a beat: 12 columns a bar.
  const SteeredWindows steered =
      steer(**model_, prompts, "", plan, PieceBeats{.bpm = 125, .chords = chords}, Job{});
  const at::Tensor whole = chroma_rows(chords, 12, 0, 30);
  for (int64_t k = 0; k < plan.count(); ++k) {
    const auto& prompt = steered.prompts[static_cast<size_t>(k)];
    const at::Tensor part = whole.narrow(2, plan.starts()[static_cast<size_t>(k)], 8);
    EXPECT_TRUE(prompt.positive.chroma.equal(part)) << k;
    EXPECT_EQ(prompt.negative.chroma.abs().sum().item<float>(), 0);
  }
  const auto sounds = [&](int64_t column, int tone) {
    return whole[0][tone][column].item<float>() == 1;
  };
  EXPECT_TRUE(sounds(0, 7) && sounds(11, 7) && !sounds(12, 7));
  EXPECT_TRUE(sounds(12, 9) && sounds(17, 4) && !sounds(18, 4) && sounds(18, 5));
  EXPECT_TRUE(sounds(24, 7) && !sounds(24, 9));  // from the beginning
  // In a loop the column after the last is the first, wherever the chords are then.
  EXPECT_TRUE(chroma_rows(chords, 12, 16, 4, 18).narrow(2, 2, 2).equal(whole.narrow(2, 0, 2)));
}

TEST_F(SmallModelTest, ChordsChangeWhatIsMade) {
  GenerateRequest request{.prompt = "slow piano",
                          .length = {.seconds = 1, .bpm = 120},
                          .chords = "C F",
                          .sampling = test::quick(2)};
  const auto make = [&] { return generate(**model_, request, {}).front(); };
  const Clip clip = make();
  EXPECT_EQ(clip.request.at("chords"), "C F");
  request.chords = "F# B";
  EXPECT_GT(test::relative_error(make().latents, clip.latents), 1e-4);
  request.chords = "C F";
  EXPECT_TRUE(make().latents.equal(clip.latents));
  request.length.bpm.reset();
  EXPECT_RIFFLE_ERROR(make(), ErrorCode::InvalidArgument, "chords need a tempo");
  request.chords = "C hello";
  EXPECT_RIFFLE_ERROR(make(), ErrorCode::InvalidArgument, "chords: \"hello\" is no chord");
}

TEST_F(SmallModelTest, OtherPipelinesRunOnIt) {
  const audio::Waveform song = test::melody(16000 * 3, 16000, 2);
  const std::string file = model_->sound_file("song.wav", song);
  const auto covers =
      cover(**model_, {.file = file, .prompt = "slow piano", .sampling = test::quick(2)}, {});
  ASSERT_EQ(covers.size(), 1U);
  EXPECT_EQ(covers[0].sound.frames(), song.frames());
  EXPECT_EQ(covers[0].sound.channels(), 2);
  const auto painted = inpaint(
      **model_,
      {.file = file, .prompt = "bass", .from = "1s", .to = "2s", .sampling = test::quick(2)}, {});
  ASSERT_EQ(painted.size(), 1U);
  EXPECT_EQ(painted[0].sound.frames(), song.frames());
  const auto morphs =
      morph(**model_,
            {.prompt = "bass 100 bpm", .to = "piano", .clips = 2, .sampling = test::quick(2)}, {});
  ASSERT_EQ(morphs.size(), 1U);
  EXPECT_GT(test::rms(morphs[0].sound.samples[0]), 0);
}

TEST_F(SmallModelTest, PartsThatDoNotFitAreRefused) {
  const test::SmallModel broken;
  const auto config = broken.path() / "unet" / "config.json";
  Json json = read_json_file(config);
  json["projection_class_embeddings_input_dim"] = 17;
  write_text_file(config, json.dump());
  EXPECT_RIFFLE_ERROR(open_music_model(broken.path()), ErrorCode::BadFile, "summary of 17");
}

}  // namespace
}  // namespace riffle::pipelines
