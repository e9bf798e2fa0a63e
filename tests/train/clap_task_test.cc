// SPDX-License-Identifier: GPL-3.0-or-later
// Training of CLAP on a corpus of made-up sounds: an instrument is a band of frequencies.
#include "train/clap_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <stop_token>
#include <vector>

#include "core/error.h"
#include "models/load_module.h"
#include "shards/shard_writer.h"
#include "support/test_files.h"
#include "train/trainer.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

constexpr std::array kWords{"bass", "piano", "flute", "drums"};
constexpr int64_t kFrames = 60;

models::ClapFeatureConfig features() {
  models::ClapFeatureConfig f;
  f.sampling_rate = 8000;
  f.fft_window_size = 256;
  f.hop_length = 200;
  f.feature_size = 16;
  f.frequency_max = 4000;
  f.nb_max_samples = 12600;  // 64 frames
  return f;
}

ClapTaskOptions options() {
  ClapTaskOptions o;
  o.features = features();
  o.model = small_clap_config();
  o.model.projection_dim = 16;
  o.model.audio.num_mel_bins = 16;
  o.model.audio.spec_size = 32;
  o.model.audio.patch_size = 4;
  o.model.audio.window_size = 4;
  o.model.audio.patch_embeds_hidden_size = 8;
  o.model.audio.depths = {2, 1};
  o.model.audio.num_attention_heads = {2, 2};
  o.model.text.hidden_size = 16;
  o.model.text.intermediate_size = 32;
  o.model.text.num_hidden_layers = 1;
  o.model.text.num_attention_heads = 2;
  o.least_s = 0.5;
  o.validation_sounds = 8;
  o.statistics_sounds = 8;
  o.held_out = "Held";
  return o;
}

// Every instrument is there in every split: of eight songs six are to train on, the seventh is
// valid, the eighth tests with another soundfont.
shards::NewRecord sound(int index) {
  const auto which = static_cast<size_t>(index / 8 + index) % kWords.size();
  const int place = index % 8;
  const std::string word = kWords[which];
  Random chance(derive_seed(5, "sound", static_cast<uint64_t>(index)));
  shards::NewRecord made;
  made.levels = at::full({16, kFrames}, 250, at::kByte);
  made.levels.narrow(0, static_cast<int64_t>(which) * 4, 3).fill_(60 + chance.below(40));
  shards::Record& record = made.record;
  record.id = fmt::format("{:03}-01", index);
  record.song = fmt::format("{:03}", index);
  record.split = place < 6    ? shards::Split::Train
                 : place == 6 ? shards::Split::Valid
                              : shards::Split::Test;
  record.frames = kFrames;
  record.max_value = 1;
  record.rendition = word + " alone";
  record.soundfont = place == 7 ? "Held out" : "Usual";
  record.segments.push_back({.first_frame = 4,
                             .last_frame = kFrames - 4,
                             .captions = {"solo " + word, word + " alone", "a quiet " + word},
                             .instruments = {word},
                             .drums = word == "drums",
                             .genre = "toy",
                             .mood = "plain"});
  return made;
}

class ClapTaskTest : public testing::Test {
 protected:
  ClapTaskTest() {
    const shards::ShardWriter writer(
        folder_.path(), {.spectrogram = OrderedJson::parse(features().to_json().dump()),
                         .made_by = {},
                         .rows = 16});
    std::vector<shards::NewRecord> records;
    for (int i = 0; i < 64; ++i) records.push_back(sound(i));
    writer.write(0, records);
    reader_ = std::make_unique<shards::ShardReader>(folder_.path());
  }

  ClapTask task() const { return {*reader_, build_clap_vocabulary(*reader_, 1), options()}; }

  test::TemporaryFolder folder_;
  std::unique_ptr<shards::ShardReader> reader_;
};

// A caption that is true of another sound too is marked, one of another instrument is not.
TEST_F(ClapTaskTest, CaptionsThatAreTrueAreNoNegatives) {
  ClapTask clap = task();
  const Batch batch = clap.make_batch(0, 16);
  EXPECT_EQ(batch.at("log_mel").sizes(), (std::vector<int64_t>{16, 64, 16}));
  const at::Tensor truth = batch.at("true");
  EXPECT_TRUE(truth.diagonal().all().item<bool>());
  // The band that sounds tells the instrument; all words of a caption tell it too.
  const at::Tensor loudest = batch.at("log_mel").mean(1).argmax(1).div(4, "floor");
  for (int64_t i = 0; i < 16; ++i) {
    for (int64_t j = 0; j < 16; ++j) {
      EXPECT_EQ(truth[i][j].item<bool>(), loudest[i].equal(loudest[j])) << i << ", " << j;
    }
  }
  // With all of them passed over there is nothing to tell apart.
  Batch same = batch;
  for (auto& [name, tensor] : same.tensors) {
    if (name == "true") tensor = at::full({16, 16}, true, at::kBool);
  }
  EXPECT_NEAR(clap.loss(same, {}, {}).total.item<double>(), 0, 1e-5);
  EXPECT_GT(clap.loss(batch, {}, {}).total.item<double>(), 0.5);
}

// Beside captions that are passed over, the instruments' names alone are left of the loss.
TEST_F(ClapTaskTest, NamesOfInstrumentsAreASecondLoss) {
  ClapTaskOptions named = options();
  named.instrument_share = 0.5;
  ClapTask clap(*reader_, build_clap_vocabulary(*reader_, 1), named);
  Batch batch = clap.make_batch(0, 16);
  const at::Tensor loudest = batch.at("log_mel").mean(1).argmax(1).div(4, "floor");
  // Levels lie highest frequency first: drums, flute, piano, bass by their bands, which sorted are
  // bass, drums, flute, piano.
  const at::Tensor sorted = at::tensor({int64_t{1}, int64_t{2}, int64_t{3}, int64_t{0}});
  EXPECT_TRUE(batch.at("instrument").equal(sorted.index_select(0, loudest)));
  for (auto& [name, tensor] : batch.tensors) {
    if (name == "true") tensor = at::full({16, 16}, true, at::kBool);
  }
  const Loss loss = clap.loss(batch, {}, {});
  ASSERT_EQ(loss.parts.back().first, "instrument");
  const double apart = loss.parts.back().second.item<double>();
  EXPECT_GT(apart, 0.5);
  EXPECT_NEAR(loss.total.item<double>(), 0.5 * apart, 1e-4);
  // Mixes have no instrument of their own.
  for (auto& [name, tensor] : batch.tensors) {
    if (name == "instrument") tensor = at::full({16}, -1, at::kLong);
  }
  EXPECT_NEAR(clap.loss(batch, {}, {}).total.item<double>(), 0, 1e-4);
}

TEST_F(ClapTaskTest, BatchesFollowFromTheirNumber) {
  ClapTask one = task();
  ClapTask two = task();
  one.make_batch(0, 8);
  const Batch a = one.make_batch(8, 8);
  const Batch b = two.make_batch(8, 8);
  EXPECT_TRUE(a.at("log_mel").equal(b.at("log_mel")));
  EXPECT_TRUE(a.at("ids").equal(b.at("ids")));
  EXPECT_FALSE(a.at("log_mel").equal(one.make_batch(16, 8).at("log_mel")));
}

TEST_F(ClapTaskTest, GoesOnFromAModelAndKeepsItsText) {
  const test::TemporaryFolder out;
  ClapTask begun = task();
  begun.write_model(out / "clap", {});
  ClapTaskOptions on = options();
  on.start = out / "clap";
  on.keep_text = true;
  ClapTask task(*reader_, text::WordVocabulary::load(out / "clap"), on);
  const auto started = models::named_parameters(task.model());
  std::vector<at::Tensor> before;
  for (const auto& [name, tensor] : models::named_parameters(begun.model())) {
    before.push_back(tensor.detach().clone());
  }
  ASSERT_EQ(started.size(), before.size());
  // Half precision lies between.
  for (size_t i = 0; i < started.size(); ++i) {
    EXPECT_TRUE(at::allclose(started[i].second, before[i], 1e-3, 1e-4)) << started[i].first;
    before[i] = started[i].second.detach().clone();
  }
  TrainerOptions run;
  run.folder = out / "run";
  run.steps = 5;
  run.batch = 8;
  run.rate = {.peak = 1e-2, .warm_up_steps = 1};
  run.validate_every = run.samples_every = 0;
  Trainer(task, run).run({});
  int changed = 0;
  for (size_t i = 0; i < started.size(); ++i) {
    const bool same = started[i].second.equal(before[i]);
    if (started[i].first.starts_with("text_")) {
      EXPECT_TRUE(same) << started[i].first;
    }
    changed += same ? 0 : 1;
  }
  EXPECT_GT(changed, 10);
}

TEST_F(ClapTaskTest, LearnsWhatInstrumentsSoundLike) {
  ClapTask clap = task();
  const test::TemporaryFolder out;
  TrainerOptions run;
  run.folder = out / "run";
  run.model = out / "clap";
  run.steps = run.validate_every = run.samples_every = 200;
  run.batch = 16;
  run.rate = {.peak = 3e-3, .warm_up_steps = 10};
  Trainer trainer(clap, run);
  const TrainResult result = trainer.run({});
  ASSERT_EQ(result.validation.size(), 4U);
  EXPECT_EQ(result.validation[0].first, "instrument");
  EXPECT_GT(result.validation[0].second, 0.9);
  EXPECT_EQ(result.validation[1].first, "unheard soundfont");
  EXPECT_GT(result.validation[1].second, 0.9);
  EXPECT_TRUE(std::filesystem::exists(out / "run/samples/000000200/instruments.txt"));

  // What was written is what was trained, and it knows its words and its gap.
  models::Clap loaded = models::Clap::load(out / "clap");
  EXPECT_GT(loaded.text_to_sound_shift().norm().item<double>(), 0);
  const std::vector<std::string> prompts = {"solo bass", "flute alone", "solo piano",
                                            "drums alone"};
  const at::Tensor text = loaded.embed_text(prompts);
  const at::NoGradGuard no_grad;
  const at::Tensor heard = clap.make_batch(0, 8).at("log_mel");
  trainer.with_average([&] {
    EXPECT_LT((loaded.embed_features(heard) - clap.model().sound(heard)).abs().max().item<double>(),
              2e-2);
  });
}

TEST_F(ClapTaskTest, ResumedEqualsUninterrupted) {
  const test::TemporaryFolder out;
  const auto options_of = [&](const char* name) {
    TrainerOptions run;
    run.folder = out / name;
    run.steps = 6;
    run.batch = 8;
    run.log_every = 1;
    run.validate_every = run.samples_every = 0;
    return run;
  };
  ClapTask whole = task();
  Trainer(whole, options_of("whole")).run({});
  {
    ClapTask begun = task();
    std::stop_source stop;
    Trainer trainer(begun, options_of("parts"));
    EXPECT_THROW(trainer.run(Job{stop.get_token(), {}},
                             [&](const TrainReport& report) {
                               if (report.step == 3) stop.request_stop();
                             }),
                 Error);
  }
  ClapTask ended = task();
  Trainer resumed(ended, options_of("parts"));
  ASSERT_EQ(resumed.step(), 3);
  resumed.run({});
  const auto got = models::named_parameters(ended.model());
  const auto wanted = models::named_parameters(whole.model());
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(got[i].second.equal(wanted[i].second)) << got[i].first;
  }
}

TEST_F(ClapTaskTest, RefusesACorpusHeardOtherwise) {
  ClapTaskOptions other = options();
  other.features.hop_length = 100;
  EXPECT_RIFFLE_ERROR(ClapTask(*reader_, build_clap_vocabulary(*reader_), other),
                      ErrorCode::InvalidArgument, "other features");
}

}  // namespace
}  // namespace riffle::train
