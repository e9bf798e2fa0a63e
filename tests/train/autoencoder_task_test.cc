// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/autoencoder_task.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>

#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"
#include "train/model_files.h"
#include "train/toy_corpus.h"
#include "train/trainer.h"

namespace riffle::train {
namespace {

models::MelAutoencoderConfig tiny_config() {
  models::MelAutoencoderConfig config;
  config.latent_channels = 4;
  config.latent_rows = 2;
  config.patch = 8;
  config.frequency_fold = 2;
  config.encoder = {16, 32};
  config.encoder_blocks = {1, 0};
  config.decoder = {32, 16, 8, 4};
  config.decoder_blocks = {0, 1, 0};
  return config;
}

AutoencoderTaskOptions task_options() {
  return {.model = tiny_config(), .frames = 32, .validation_windows = 4, .pictures = 2};
}

TrainerOptions run_options(const std::filesystem::path& folder) {
  TrainerOptions options;
  options.folder = folder / "run";
  options.model = folder / "model";
  options.steps = 30;
  options.batch = 4;
  options.rate.peak = 2e-3;
  options.rate.warm_up_steps = 3;
  options.validate_every = 15;
  options.samples_every = 30;
  return options;
}

class AutoencoderTraining : public testing::Test {
 protected:
  void SetUp() override { test::write_toy_corpus(folder_ / "corpus"); }

  test::TemporaryFolder folder_;
};

TEST_F(AutoencoderTraining, MakesTheErrorSmaller) {
  const shards::ShardReader corpus(folder_ / "corpus");
  AutoencoderTask task(corpus, task_options());
  const auto before = task.validate({});
  ASSERT_EQ(before.front().first, "level error");
  auto options = run_options(folder_.path());
  options.steps = 150;
  const TrainResult result = Trainer(task, options).run({});
  EXPECT_LT(result.validation.front().second, 0.5 * before.front().second);
}

TEST_F(AutoencoderTraining, WritesAModelWhoseLatentsHaveUnitVariance) {
  const shards::ShardReader corpus(folder_ / "corpus");
  AutoencoderTask task(corpus, task_options());
  Trainer(task, run_options(folder_.path())).run({});
  const auto file = folder_ / "model/config.json";
  const auto config = models::MelAutoencoderConfig::from_json(read_json_file(file), file.string());
  ASSERT_EQ(config.latents_std.size(), 4u);
  models::MelAutoencoder model(config);
  load_part(model, folder_ / "model");
  Windows windows(corpus, shards::Split::Train, 32, 8, 0);
  const at::NoGradGuard no_grad;
  const at::Tensor z =
      model.normalise(model.encode(picture_of_levels(levels_of(corpus, windows.evenly(1000), 32))));
  // The weights were rounded to half precision since the statistics were taken.
  for (int64_t c = 0; c < 4; ++c) {
    EXPECT_NEAR(z.select(1, c).mean().item<double>(), 0, 0.02);
    EXPECT_NEAR(z.select(1, c).std().item<double>(), 1, 0.02);
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/samples/000000030/real-above-decoded-1.pgm"));
}

TEST_F(AutoencoderTraining, GoesOnBitForBit) {
  const shards::ShardReader corpus(folder_ / "corpus");
  AutoencoderTask whole(corpus, task_options());
  const auto options = run_options(folder_ / "whole");
  std::filesystem::create_directories(folder_ / "whole");
  Trainer first(whole, options);
  first.run({});
  for (const int64_t pause_at : {11, 30}) {
    AutoencoderTask task(corpus, task_options());
    auto some = run_options(folder_ / "pieces");
    std::filesystem::create_directories(folder_ / "pieces");
    std::stop_source stop;
    some.log_every = 1;
    Trainer trainer(task, some);
    const auto tell = [&](const TrainReport& report) {
      if (report.step == pause_at) stop.request_stop();
    };
    try {
      trainer.run({stop.get_token(), {}}, tell);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::Cancelled);
    }
    EXPECT_EQ(trainer.step(), pause_at);
    if (pause_at == 30) {
      EXPECT_TRUE(trainer.parameters().values().equal(first.parameters().values()));
    }
  }
  EXPECT_EQ(read_file(folder_ / "whole/model" / kModelFile, 1 << 24),
            read_file(folder_ / "pieces/model" / kModelFile, 1 << 24));
}

TEST_F(AutoencoderTraining, TheLastPhaseLeavesTheEncoderAlone) {
  const shards::ShardReader corpus(folder_ / "corpus");
  {
    AutoencoderTask first(corpus, task_options());
    Trainer(first, run_options(folder_.path())).run({});
  }
  auto options = task_options();
  EXPECT_RIFFLE_ERROR(
      {
        options.adversarial = 0.5;
        AutoencoderTask untrained(corpus, options);
      },
      ErrorCode::InvalidArgument, "needs an autoencoder that was trained");
  const auto file = folder_ / "model/config.json";
  options.model = models::MelAutoencoderConfig::from_json(read_json_file(file), file.string());
  options.start = folder_ / "model";
  const std::string before = encoder_fingerprint(find_part(folder_ / "model", "vae"));
  AutoencoderTask last(corpus, options);
  auto run = run_options(folder_.path());
  run.folder = folder_ / "last";
  run.model = folder_ / "sharper";
  Trainer trainer(last, run);
  EXPECT_EQ(trainer.parameters().groups().size(), 2u);
  const at::Tensor start = trainer.parameters().values().clone();
  trainer.run({});
  for (const auto& span : trainer.parameters().spans()) {  // both have learnt
    EXPECT_FALSE(trainer.parameters()
                     .values()
                     .narrow(0, span.begin, span.end - span.begin)
                     .equal(start.narrow(0, span.begin, span.end - span.begin)));
  }
  EXPECT_EQ(encoder_fingerprint(find_part(folder_ / "sharper", "vae")), before);
}

TEST_F(AutoencoderTraining, RefusesACorpusOfOtherRows) {
  const shards::ShardReader corpus(folder_ / "corpus");
  auto options = task_options();
  options.model.latent_rows = 4;
  EXPECT_RIFFLE_ERROR(AutoencoderTask(corpus, options), ErrorCode::InvalidArgument,
                      "pictures of 32 rows");
}

TEST(Windows, ARoundSeesEverySegmentAndNothingElse) {
  const test::TemporaryFolder folder;
  test::write_toy_corpus(folder.path(), {.records = 12, .frames = 100, .segments = 2});
  const shards::ShardReader corpus(folder.path());
  Windows windows(corpus, shards::Split::Train, 32, 8, 3);
  EXPECT_EQ(windows.count(), 18);  // nine records of two segments of 50 frames
  std::map<std::pair<size_t, size_t>, int> seen;
  for (int64_t i = 0; i < windows.count(); ++i) {
    Random chance(static_cast<uint64_t>(i));
    const Window window = windows.choose(i, chance);
    ++seen[{window.record, window.segment}];
    EXPECT_EQ(corpus.records()[window.record].split, shards::Split::Train);
    EXPECT_EQ(window.first_frame % 8, 0);
    EXPECT_GE(window.first_frame, windows.segment(window).first_frame);
    EXPECT_LE(window.first_frame + 32, windows.segment(window).last_frame);
  }
  EXPECT_EQ(seen.size(), 18u);
}

TEST(Windows, OfOnePitchedInstrumentMayComeUpMoreOften) {
  const test::TemporaryFolder folder;
  test::write_toy_corpus(folder.path(), {.records = 12, .frames = 100, .segments = 2});
  const shards::ShardReader corpus(folder.path());
  Windows windows(corpus, shards::Split::Train, 32, 8, 3, 3);
  std::map<std::pair<size_t, size_t>, int> seen;
  for (int64_t i = 0; i < windows.count(); ++i) {
    Random chance(static_cast<uint64_t>(i));
    const Window window = windows.choose(i, chance);
    ++seen[{window.record, window.segment}];
  }
  EXPECT_EQ(seen.size(), 18u);
  bool drums = false;
  for (const auto& [place, times] : seen) {
    const bool is_drums = corpus.records()[place.first].segments[place.second].drums;
    EXPECT_EQ(times, is_drums ? 1 : 3);
    drums = drums || is_drums;
  }
  EXPECT_TRUE(drums);
}

TEST(Windows, AreTheSameWhereverARunIsTakenUp) {
  const test::TemporaryFolder folder;
  test::write_toy_corpus(folder.path());
  const shards::ShardReader corpus(folder.path());
  Windows straight(corpus, shards::Split::Train, 32, 8, 3);
  Windows resumed(corpus, shards::Split::Train, 32, 8, 3);
  for (int64_t i = 0; i < 60; ++i) {
    Random a(static_cast<uint64_t>(i));
    Random b(static_cast<uint64_t>(i));
    const Window x = straight.choose(i, a);
    if (i < 37) continue;
    const Window y = resumed.choose(i, b);
    EXPECT_EQ(x.record, y.record);
    EXPECT_EQ(x.first_frame, y.first_frame);
  }
}

}  // namespace
}  // namespace riffle::train
