// SPDX-License-Identifier: GPL-3.0-or-later
// Consistency training of a tiny autoencoder on tones.
#include "train/consistency_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/sin.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stop_token>

#include "core/error.h"
#include "models/load_module.h"
#include "models/sound_autoencoder.h"
#include "shards/shard_writer.h"
#include "shards/wave_levels.h"
#include "support/test_files.h"
#include "train/trainer.h"

namespace riffle::train {
namespace {

constexpr int64_t kSamples = 4000;

ConsistencyTaskOptions options() {
  ConsistencyTaskOptions o;
  models::ConsistencyConfig& c = o.model;
  c.sample_rate = 8000;
  c.hop = 16;
  c.base_channels = 8;
  c.multipliers_list = {1, 2};
  c.layers_list = c.layers_list_encoder = {1, 1};
  c.attention_list = c.attention_list_encoder = {0, 1};
  c.freq_downsample_list = {0};
  c.heads = 2;
  c.cond_channels = 8;
  c.bottleneck_base_channels = 16;
  c.num_bottleneck_layers = 1;
  c.bottleneck_channels = 8;
  o.frames = 16;
  o.validation_crops = 6;
  o.sounds = 1;
  return o;
}

class ConsistencyTaskTest : public testing::Test {
 protected:
  ConsistencyTaskTest() {
    const shards::ShardWriter writer(
        folder_ / "waves",
        {.spectrogram = {{"sample_rate", 8000}}, .made_by = {}, .rows = shards::kWaveRows});
    std::vector<shards::NewRecord> records;
    for (int i = 0; i < 8; ++i) {
      shards::NewRecord made;
      made.levels =
          shards::wave_levels(at::sin(at::arange(kSamples, at::kFloat) * (0.1 + 0.15 * i)) * 0.5);
      made.record.id = made.record.song = fmt::format("{}", i);
      made.record.split = i % 4 == 3 ? shards::Split::Valid : shards::Split::Train;
      made.record.frames = kSamples;
      made.record.max_value = 1;
      made.record.segments.push_back({.first_frame = 0,
                                      .last_frame = kSamples,
                                      .captions = {"a tone"},
                                      .instruments = {},
                                      .drums = false,
                                      .genre = "",
                                      .mood = ""});
      records.push_back(std::move(made));
    }
    writer.write(0, records);
    reader_ = std::make_unique<shards::ShardReader>(folder_ / "waves");
  }

  TrainerOptions run(const char* name, int64_t steps) const {
    TrainerOptions r;
    r.folder = folder_ / name;
    r.steps = steps;
    r.batch = 6;
    r.rate.peak = 2e-3;
    r.log_every = 1;
    r.validate_every = r.samples_every = 0;
    return r;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<shards::ShardReader> reader_;
};

// The same batch at the same place of the schedule, before and after. Levels of noise about as loud
// as the sounds are those that so small a network can learn something about in so short a time.
TEST_F(ConsistencyTaskTest, TheLossFalls) {
  ConsistencyTaskOptions o = options();
  o.level_mean = 1.5;
  o.level_deviation = 0.5;
  ConsistencyTask task(*reader_, o);
  const Batch batch = task.make_batch(1000, 6);
  const StepContext place{.step = 20, .steps = 80};
  const auto loss = [&] {
    const at::NoGradGuard no_grad;
    return task.loss(batch, place, {}).total.item<double>();
  };
  const double before = loss();
  TrainerOptions r = run("run", 160);
  r.model = folder_ / "bundle/autoencoder";
  r.rate = {.peak = 3e-3, .warm_up_steps = 10};
  r.samples_every = r.validate_every = 160;
  const TrainResult result = Trainer(task, r).run({});
  EXPECT_LT(loss(), 0.7 * before);
  ASSERT_EQ(result.validation.size(), 1U);
  EXPECT_EQ(result.validation[0].first, "log-spectral distance");
  EXPECT_TRUE(std::isfinite(result.validation[0].second));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/samples/000000160/decoded-0.wav"));
  const auto loaded = models::SoundAutoencoder::load(folder_ / "bundle");
  EXPECT_EQ(loaded->config().to_json(), task.model().config().to_json());
}

// Steps become smaller, the lower level never leaves the schedule, and sigma's ends are its ends.
TEST_F(ConsistencyTaskTest, NoiseLevelsFollowTheSchedule) {
  const ConsistencyTask task(*reader_, options());
  EXPECT_NEAR(task.sigma(0), 0.002, 1e-9);
  EXPECT_NEAR(task.sigma(1), 80, 1e-9);
  const auto at = [&](double chance, int64_t step) {
    return task.levels(chance, 0.5, {step, 100});
  };
  EXPECT_NEAR(at(0.9, 0).first - at(0.9, 0).second, 0.1, 1e-9);
  EXPECT_NEAR(at(0.9, 100).first - at(0.9, 100).second, 0.001, 1e-9);
  EXPECT_NEAR(at(0.9, 50).first - at(0.9, 50).second, 0.01, 1e-9);
  EXPECT_EQ(at(0, 0).second, 0);
  EXPECT_LE(at(1, 0).first, 1);
  // The schedule has more levels in the middle than its logarithm, so half of them lie somewhat
  // above the distribution's mean, by less than half its deviation of 2.
  EXPECT_NEAR(std::log(task.sigma(at(0.5, 0).first)), -1.1, 1);
}

TEST_F(ConsistencyTaskTest, ResumedEqualsUninterrupted) {
  ConsistencyTask whole(*reader_, options());
  Trainer(whole, run("whole", 4)).run({});
  {
    ConsistencyTask begun(*reader_, options());
    std::stop_source stop;
    Trainer trainer(begun, run("parts", 4));
    EXPECT_THROW(trainer.run(Job{stop.get_token(), {}},
                             [&](const TrainReport& report) {
                               if (report.step == 2) stop.request_stop();
                             }),
                 Error);
  }
  ConsistencyTask ended(*reader_, options());
  Trainer resumed(ended, run("parts", 4));
  ASSERT_EQ(resumed.step(), 2);
  resumed.run({});
  const auto got = models::named_parameters(ended.model());
  const auto wanted = models::named_parameters(whole.model());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(got[i].second.equal(wanted[i].second)) << got[i].first;
  }
}

TEST_F(ConsistencyTaskTest, RefusesWhatDoesNotFit) {
  ConsistencyTaskOptions other = options();
  other.model.sample_rate = 44100;
  EXPECT_RIFFLE_ERROR(ConsistencyTask(*reader_, other), ErrorCode::InvalidArgument, "8000 Hz");
  other = options();
  other.frames = 1000;
  EXPECT_RIFFLE_ERROR(ConsistencyTask(*reader_, other), ErrorCode::InvalidArgument, "no part of");
}

}  // namespace
}  // namespace riffle::train
