// SPDX-License-Identifier: GPL-3.0-or-later
// Judging a whole model: riff-tiny, which is noise, under a judge of toys. What is looked at is the
// way through, not the verdict.
#include "eval/judge_model.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "eval/judge_sound.h"
#include "eval/levels.h"
#include "eval/make_judge.h"
#include "eval/sheet.h"
#include "eval/signals.h"
#include "eval/stages.h"
#include "eval/toy_corpus.h"
#include "image/picture_file.h"
#include "support/test_files.h"
#include "support/tiny_bundle.h"

namespace riffle::eval {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// The toy corpus's.
constexpr const char* kSpectrogram =
    R"({"num_frequencies": 64, "sample_rate": 22050, "step_size_ms": 20, "window_duration_ms": 80,
        "padded_duration_ms": 160, "min_frequency": 20})";

class JudgeModelTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<Shared>();
    test::write_toy_corpus(shared_->folder / "corpus");
    riffle::test::make_tiny_bundle(shared_->folder / "tiny", kSpectrogram);
    shared_->model = pipelines::open_music_model(shared_->folder / "tiny");
    shared_->judge = make_judge(shards::ShardReader(shared_->folder / "corpus"),
                                {.training = {.steps = 3, .batch = 4, .seed = 1},
                                 .reference_clips = 8,
                                 .prompts = 4,
                                 .decoded = 1});
  }
  static void TearDownTestSuite() { shared_.reset(); }

  struct Shared {
    riffle::test::TemporaryFolder folder;
    std::unique_ptr<pipelines::MusicModel> model;
    Judge judge;
  };
  static std::unique_ptr<Shared> shared_;

  pipelines::MusicModel& model() { return *shared_->model; }
  const Judge& judge() { return shared_->judge; }
  fs::path path(const std::string& name) { return shared_->folder / name; }
  ClipStore store(const std::string& name) {
    return {path(name) / "clips", model(), mark_of_model(path("tiny"))};
  }
  static JudgeModelOptions few() {
    return {.clips = 4,
            .covers = 1,
            .morphs = 1,
            .chords = 2,
            .sampling = {{"steps", 1}, {"scheduler", "ddim"}, {"decode_iterations", 2}},
            .neighbours = 3};
  }
};
std::unique_ptr<JudgeModelTest::Shared> JudgeModelTest::shared_;

TEST_F(JudgeModelTest, FillsTheWholeTableAndGoesOnWhereItWas) {
  ClipStore first = store("run");
  const shards::ShardReader corpus(path("corpus"));
  // Stopped after two clips.
  std::stop_source source;
  const Job job{source.get_token(), [&](const Progress& progress) {
                  if (progress.stage == "clips" && progress.done == 2) source.request_stop();
                }};
  EXPECT_RIFFLE_ERROR(judge_model(model(), first, judge(), &corpus, few(), job),
                      ErrorCode::Cancelled, "");
  EXPECT_EQ(first.made(), 2);

  ClipStore second = store("run");
  const Report report = judge_model(model(), second, judge(), &corpus, few());
  EXPECT_EQ(second.made(), 4 - 2 + 1 + 1) << "the clips that were kept are used";
  std::set<std::string> names;
  for (const Row& row : report.rows) names.insert(row.name);
  for (const char* name : {"instrument", "drums", "tempo", "key", "frechet", "novelty",
                           "cover_melody", "cover_instrument", "blur_time", "blur_frequency",
                           "morph_beat", "morph_loudness", "chords"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }

  // Once more, and in one go elsewhere: the same verdicts.
  ClipStore again = store("run");
  const Report repeated = judge_model(model(), again, judge(), &corpus, few());
  EXPECT_EQ(again.made(), 0);
  EXPECT_EQ(to_json(repeated), to_json(report));
  ClipStore elsewhere = store("elsewhere");
  JudgeModelOptions without_covers = few();
  without_covers.covers = 0;
  const Report fresh = judge_model(model(), elsewhere, judge(), &corpus, without_covers);
  for (size_t i = 0; i < fresh.rows.size(); ++i) {
    if (fresh.rows[i].name.starts_with("cover")) continue;
    EXPECT_EQ(fresh.rows[i].maybe_value, report.rows[i].maybe_value) << fresh.rows[i].name;
  }
}

TEST_F(JudgeModelTest, ClipsOfAnotherRequestOrModelAreMadeAnew) {
  const Json request = {{"pipeline", "generate"}, {"prompt", "organ"},  {"seed", 3}, {"steps", 1},
                        {"decode_iterations", 2}, {"scheduler", "ddim"}};
  ClipStore one = store("anew");
  const KeptClip clip = one.clip("a", request, judge().params);
  EXPECT_EQ(clip.levels.size(0), 64);
  EXPECT_EQ(clip.levels.scalar_type(), at::kByte);
  EXPECT_EQ(clip.sound.sample_rate, 22050);
  one.clip("a", request, judge().params);
  EXPECT_EQ(one.made(), 1);
  Json other = request;
  other["seed"] = 4;
  one.clip("a", other, judge().params);
  EXPECT_EQ(one.made(), 2);
  ClipStore changed(path("anew") / "clips", model(), "another mark");
  changed.clip("a", other, judge().params);
  EXPECT_EQ(changed.made(), 1);
}

TEST_F(JudgeModelTest, FieldsMayBeSetForAllRequestsOrOnePipelines) {
  const Json asked = {{"steps", 8}, {"cover", {{"strength", 0.6}, {"steps", 4}}}};
  Json cover = {{"pipeline", "cover"}, {"strength", 0.45}};
  set_fields(cover, asked);
  EXPECT_EQ(cover, Json({{"pipeline", "cover"}, {"strength", 0.6}, {"steps", 4}}));
  Json other = {{"pipeline", "generate"}, {"seed", 1}};
  set_fields(other, asked);
  EXPECT_EQ(other, Json({{"pipeline", "generate"}, {"seed", 1}, {"steps", 8}}));
}

TEST_F(JudgeModelTest, TheMarkOfAModelChangesWithItsFiles) {
  const std::string before = mark_of_model(path("tiny"));
  EXPECT_EQ(mark_of_model(path("tiny")), before);
  write_text_file(path("tiny") / "note.txt", "x");
  EXPECT_NE(mark_of_model(path("tiny")), before);
  fs::remove(path("tiny") / "note.txt");
  EXPECT_EQ(mark_of_model(path("tiny")), before);
}

TEST_F(JudgeModelTest, LevelsAndSoundGoRound) {
  const audio::Waveform sound = test::cadence(48, test::kMajorSteps, 3);
  const at::Tensor levels = levels_of_sound(sound, judge().params);
  EXPECT_EQ(levels.size(0), 64);
  EXPECT_EQ(levels.min().item<int>(), 0);
  const audio::Waveform back = sound_of_levels(levels, judge().params, 1e5, 8);
  const at::Tensor again = levels_of_sound(back, judge().params);
  EXPECT_EQ(again.sizes(), levels.sizes());
  EXPECT_LT((again.to(at::kFloat) - levels.to(at::kFloat)).abs().mean().item<float>(), 12);
  // Twice the black: everything is half as dark in amplitude.
  EXPECT_NEAR(levels_of_sound(back, judge().params, {}, 2e5).min().item<double>(),
              255 * (1 - std::pow(0.5, 0.25)), 8);
  EXPECT_TRUE(levels_of_sound(test::silence(1), judge().params).eq(255).all().item<bool>());
}

TEST_F(JudgeModelTest, WindowsCoverAPicture) {
  const at::Tensor levels = at::arange(700).remainder(250).to(at::kByte).expand({4, 700});
  const at::Tensor windows = windows_of(levels, 256);
  EXPECT_EQ(windows.size(0), 4);
  EXPECT_TRUE(windows[0].equal(levels.narrow(1, 0, 256)));
  EXPECT_TRUE(windows[3].equal(levels.narrow(1, 700 - 256, 256)));
  const at::Tensor narrow = windows_of(levels.narrow(1, 0, 100), 256);
  EXPECT_EQ(narrow.sizes(), (std::vector<int64_t>{1, 4, 256}));
  EXPECT_TRUE(narrow[0].narrow(1, 100, 156).eq(255).all().item<bool>());
}

TEST_F(JudgeModelTest, StagesLoseMoreTheMoreThereAre) {
  const shards::ShardReader corpus(path("corpus"));
  const StagesOptions options{.clips = 3, .iterations = 4};
  const Stage codec = judge_codec(corpus, judge(), options);
  EXPECT_EQ(codec.count, 3);
  EXPECT_GT(codec.level_error, 0);
  const auto stages = judge_autoencoder(model(), corpus, judge(), options);
  ASSERT_EQ(stages.size(), 2U);
  // An autoencoder of noise: nothing is left.
  EXPECT_GT(stages[0].level_error, 20);
  EXPECT_GT(stages[1].spectral_convergence, 0.5);
  EXPECT_EQ(to_json(codec).at("stage"), "codec");
}

TEST_F(JudgeModelTest, TheSheetIsAPageWithEverythingBesideIt) {
  const auto sheet = parse_prompt_sheet(
      "[One]\n5 generate seconds=1 | organ <loud>\n[Two]\n6 cover | violin <- 5\n", "sheet");
  ClipStore clips = store("sheet");
  const auto files = render_sheet(sheet, model(), clips, path("sheet"), few().sampling);
  EXPECT_EQ(files.clips, 2);
  const std::string page = read_text_file(files.page, 1 << 24);
  EXPECT_THAT(page, HasSubstr("<h2>Two</h2>"));
  EXPECT_THAT(page, HasSubstr("organ &lt;loud&gt;"));
  EXPECT_THAT(page, HasSubstr("src=\"clips/sheet-5.flac\""));
  EXPECT_THAT(page, HasSubstr("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_TRUE(fs::exists(path("sheet") / "clips" / "sheet-6.flac"));
  EXPECT_GT(image::read_picture(files.contact_sheet).width, 256);
  ClipStore again = store("sheet");
  render_sheet(sheet, model(), again, path("sheet"), few().sampling);
  EXPECT_EQ(again.made(), 0);
}

TEST_F(JudgeModelTest, RecordingsAreTagged) {
  const TagVerdict tags = judge_tags(judge(), test::cadence(48, test::kMajorSteps, 6));
  EXPECT_GT(tags.blur.time, 0);
  EXPECT_TRUE(tags.genre == "rock" || tags.genre == "folk");
  const SoundVerdict verdict = judge_sound(test::cadence(48, test::kMajorSteps, 6));
  EXPECT_EQ(verdict.keys.front().key.mode.empty(), false);
  EXPECT_NEAR(verdict.duration_s, 6, 0.01);
  EXPECT_TRUE(to_json(verdict).contains("bpm"));
}

TEST_F(JudgeModelTest, RefusesWhatCannotBeCompared) {
  const shards::ShardWriter other(path("other"), {.spectrogram = {{"num_frequencies", 512}}});
  EXPECT_RIFFLE_ERROR(judge_codec(shards::ShardReader(path("other")), judge(), {}),
                      ErrorCode::InvalidArgument, "pictures of the corpus");
  Judge silent = judge();
  silent.prompts.clear();
  ClipStore clips = store("none");
  EXPECT_RIFFLE_ERROR(judge_model(model(), clips, silent, nullptr, few()),
                      ErrorCode::InvalidArgument, "no prompts");
}

}  // namespace
}  // namespace riffle::eval
