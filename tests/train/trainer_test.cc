// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <stop_token>

#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"
#include "train/log_file.h"
#include "train/toy_task.h"

namespace riffle::train {
namespace {

using test::ToyTask;

TrainerOptions options_in(const std::filesystem::path& folder) {
  TrainerOptions options;
  options.folder = folder;
  options.steps = 60;
  options.batch = 8;
  options.rate = {.peak = 0.05, .warm_up_steps = 5};
  options.log_every = 10;
  options.validate_every = 20;
  options.samples_every = 0;
  return options;
}

std::vector<float> values_of(const Trainer& trainer) {
  const at::Tensor values = trainer.parameters().values();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

TEST(Trainer, FitsAPlane) {
  const test::TemporaryFolder folder;
  ToyTask task;
  auto options = options_in(folder.path());
  options.steps = 400;
  Trainer trainer(task, options);
  const TrainResult result = trainer.run({});
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.step, 400);
  EXPECT_NEAR(task.weight()[0][0].item<float>(), 2, 0.05);
  EXPECT_NEAR(task.weight()[0][1].item<float>(), 0, 0.05);
  EXPECT_NEAR(task.weight()[0][3].item<float>(), -1, 0.05);
  EXPECT_NEAR(task.bias().item<float>(), 0.5, 0.05);
}

TEST(Trainer, GoesOnAfterBeingStoppedBitForBit) {
  const test::TemporaryFolder whole;
  const test::TemporaryFolder pieces;
  ToyTask uninterrupted;
  Trainer first(uninterrupted, options_in(whole.path()));
  first.run({});

  int64_t step = 0;
  for (const int64_t stop_at : {7, 8, 33, 1000}) {
    ToyTask task;
    std::stop_source stop;
    task.before_loss = [&](int64_t at) {
      if (at == stop_at) stop.request_stop();
    };
    Trainer trainer(task, options_in(pieces.path()));
    EXPECT_EQ(trainer.step(), step);
    const Job job{stop.get_token(), {}};
    if (stop_at > 60) {
      EXPECT_TRUE(trainer.run(job).finished);
      EXPECT_EQ(values_of(trainer), values_of(first));
    } else {
      EXPECT_THROW(trainer.run(job), Error);
      EXPECT_EQ(trainer.step(), stop_at) << "the step it was stopped in leaves no trace";
    }
    step = stop_at;
  }
  const auto a = read_log(whole.path() / "log.jsonl");
  const auto b = read_log(pieces.path() / "log.jsonl");
  EXPECT_EQ(a.back().at("validation"), b.back().at("validation"));
}

TEST(Trainer, RefusesARunWithOtherSettings) {
  const test::TemporaryFolder folder;
  {
    ToyTask task;
    Trainer(task, options_in(folder.path())).run({});
  }
  ToyTask task;
  task.width = 5;
  try {
    Trainer trainer(task, options_in(folder.path()));
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), testing::HasSubstr("model/width 4 -> 5"));
    EXPECT_THAT(e.hint(), testing::HasSubstr("--restart"));
  }
  auto options = options_in(folder.path());
  options.restart = true;
  EXPECT_EQ(Trainer(task, options).step(), 0);
}

TEST(Trainer, OneAtATimeInAFolder) {
  const test::TemporaryFolder folder;
  ToyTask task;
  {
    const Trainer trainer(task, options_in(folder.path()));
    ToyTask other;
    EXPECT_RIFFLE_ERROR(Trainer(other, options_in(folder.path())), ErrorCode::InvalidArgument,
                        "another process is training here");
  }
  ToyTask next;
  EXPECT_EQ(Trainer(next, options_in(folder.path())).step(), 0);
}

TEST(Trainer, MoreStepsAreNoted) {
  const test::TemporaryFolder folder;
  {
    ToyTask task;
    Trainer(task, options_in(folder.path())).run({});
  }
  ToyTask task;
  auto options = options_in(folder.path());
  options.steps = 80;
  Trainer trainer(task, options);
  EXPECT_THAT(trainer.notes(),
              testing::ElementsAre("differs from the last sitting: steps 60 -> 80"));
  EXPECT_EQ(trainer.run({}).first_step, 60);
}

TEST(Trainer, KeepsTwoCheckpointsAndPassesOverADamagedOne) {
  const test::TemporaryFolder folder;
  for (const int64_t stop_at : {5, 10, 15}) {
    ToyTask task;
    std::stop_source stop;
    task.before_loss = [&](int64_t at) {
      if (at == stop_at) stop.request_stop();
    };
    Trainer trainer(task, options_in(folder.path()));
    EXPECT_THROW(trainer.run({stop.get_token(), {}}), Error);
  }
  const auto checkpoints = folder.path() / "checkpoints";
  EXPECT_FALSE(std::filesystem::exists(checkpoints / "step-000000005.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(checkpoints / "step-000000010.safetensors"));
  std::filesystem::resize_file(checkpoints / "step-000000015.safetensors", 1000);
  ToyTask task;
  EXPECT_EQ(Trainer(task, options_in(folder.path())).step(), 10);
}

TEST(Trainer, LogLinesOfLaterStepsAreDroppedOnResume) {
  const test::TemporaryFolder folder;
  {
    ToyTask task;
    Trainer(task, options_in(folder.path())).run({});
  }
  {
    std::ofstream log(folder.path() / "log.jsonl", std::ios::app);
    log << "{\"step\": 90, \"loss\": 7}\n{\"step\": 91, \"lo";
  }
  ToyTask task;
  const Trainer trainer(task, options_in(folder.path()));
  const auto lines = read_log(folder.path() / "log.jsonl");
  EXPECT_EQ(lines.back().at("step"), 60);
}

TEST(Trainer, AccumulationEqualsALargerBatch) {
  const test::TemporaryFolder one;
  const test::TemporaryFolder two;
  ToyTask together;
  ToyTask apart;
  Trainer a(together, options_in(one.path()));
  auto options = options_in(two.path());
  options.batch = 4;
  options.accumulate = 2;
  Trainer b(apart, options);
  a.run({});
  b.run({});
  // The mean of two means is the mean of all, up to the rounding of float32.
  const auto va = values_of(a);
  const auto vb = values_of(b);
  for (size_t i = 0; i < va.size(); ++i) EXPECT_NEAR(va[i], vb[i], 1e-4);
}

TEST(Trainer, GivesUpWhenTheLossIsNoNumber) {
  const test::TemporaryFolder folder;
  ToyTask task;
  task.before_loss = [&](int64_t step) {
    if (step == 3) task.weight().data_ptr<float>()[0] = std::nanf("");
  };
  Trainer trainer(task, options_in(folder.path()));
  EXPECT_THROW(trainer.run({}), Error);
}

TEST(Trainer, TheAverageIsPutBackExactly) {
  const test::TemporaryFolder folder;
  ToyTask task;
  Trainer trainer(task, options_in(folder.path()));
  trainer.run({});
  const auto before = values_of(trainer);
  std::vector<float> within;
  trainer.with_average([&] { within = values_of(trainer); });
  EXPECT_NE(within, before);
  EXPECT_EQ(values_of(trainer), before);
}

}  // namespace
}  // namespace riffle::train
