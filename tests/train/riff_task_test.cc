// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/riff_task.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>

#include "core/error.h"
#include "core/files.h"
#include "models/context_rows.h"
#include "models/prompt_features.h"
#include "models/riff_model.h"
#include "nn/layer.h"
#include "support/test_files.h"
#include "train/autoencoder_task.h"
#include "train/toy_corpus.h"
#include "train/trainer.h"

namespace riffle::train {
namespace {

Json tiny_config() {
  return {{"unet",
           {{"block_out_channels", {16, 32}},
            {"layers_per_block", 1},
            {"attention_head_dim", 2},
            {"norm_num_groups", 8}}},
          {"text_encoder",
           {{"hidden_size", 16},
            {"intermediate_size", 32},
            {"num_hidden_layers", 1},
            {"num_attention_heads", 2},
            {"max_position_embeddings", 8}}}};
}

models::MelAutoencoderConfig tiny_autoencoder() {
  models::MelAutoencoderConfig config;
  config.latent_channels = 4;
  config.latent_rows = 2;
  config.frequency_fold = 2;
  config.encoder = {16, 32};
  config.encoder_blocks = {0, 0};
  config.decoder = {32, 16, 8, 4};
  config.decoder_blocks = {0, 0, 0};
  return config;
}

TrainerOptions run_options(const std::filesystem::path& folder) {
  TrainerOptions options;
  options.folder = folder / "run";
  options.model = folder / "model";
  options.steps = 24;
  options.batch = 4;
  options.rate.peak = 2e-3;
  options.validate_every = 12;
  options.samples_every = 24;
  return options;
}

class RiffTraining : public testing::Test {
 protected:
  void SetUp() override {
    test::write_toy_corpus(folder_ / "corpus");
    corpus_.emplace(folder_ / "corpus");
    AutoencoderTask autoencoder(*corpus_, {.model = tiny_autoencoder(), .frames = 64});
    autoencoder.write_model(folder_ / "first/vae", {});
    cache_.emplace(*corpus_, folder_ / "corpus", make_latent_maker(folder_ / "first", at::kCPU));
    cache_->fill({});
  }

  RiffTask make_task(RiffTaskOptions options = {}) {
    options.frames = 64;
    options.validation_windows = 4;
    options.clips = 2;
    options.sample_steps = 3;
    options.autoencoder = folder_ / "first";
    return RiffTask(*corpus_, *cache_,
                    make_riff_networks(tiny_config(), "test",
                                       {.latent_channels = 4, .columns = 8, .mel_rows = 16},
                                       build_vocabulary(*corpus_), 1),
                    options);
  }

  test::TemporaryFolder folder_;
  std::optional<shards::ShardReader> corpus_;
  std::optional<LatentCache> cache_;
};

TEST_F(RiffTraining, LearnsSomething) {
  RiffTask task = make_task();
  auto options = run_options(folder_.path());
  options.steps = 150;
  const double before = task.validate({}).front().second;
  const TrainResult result = Trainer(task, options).run({});
  EXPECT_EQ(result.validation.size(), 5u);
  EXPECT_LT(result.validation.front().second, 0.8 * before);
}

TEST_F(RiffTraining, WritesABundleThatTheEngineLoads) {
  RiffTask task = make_task();
  Trainer(task, run_options(folder_.path())).run({});
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/samples/000000024/1.pgm"));
  models::RiffModel model(weights::open_bundle(folder_ / "model"), {.exact = true});
  EXPECT_EQ(model.denoiser().latent_channels(), 4);
  EXPECT_EQ(model.denoiser().training_columns(), 8);
  EXPECT_TRUE(model.denoiser().follows_beats());
  EXPECT_TRUE(model.denoiser().follows_chroma());
  const std::vector<std::string> prompts{"a toy piano at 188 bpm"};
  const auto read = model.conditioner().condition(prompts);
  EXPECT_TRUE(read.notes.empty());
  const at::Tensor latents = at::zeros({1, 4, 2, 8});
  EXPECT_EQ(model.denoiser().predict(latents, 500, read.conditioning).sizes(), latents.sizes());
  EXPECT_EQ(model.autoencoder().decode(latents).sizes(), (std::vector<int64_t>{1, 1, 32, 64}));
}

TEST_F(RiffTraining, GoesOnBitForBit) {
  std::filesystem::create_directories(folder_ / "whole");
  std::filesystem::create_directories(folder_ / "pieces");
  RiffTask whole = make_task();
  Trainer first(whole, run_options(folder_ / "whole"));
  first.run({});
  {
    RiffTask task = make_task();
    auto options = run_options(folder_ / "pieces");
    options.log_every = 1;
    std::stop_source stop;
    Trainer trainer(task, options);
    EXPECT_THROW(trainer.run({stop.get_token(), {}},
                             [&](const TrainReport& report) {
                               if (report.step == 9) stop.request_stop();
                             }),
                 Error);
  }
  RiffTask task = make_task();
  Trainer second(task, run_options(folder_ / "pieces"));
  EXPECT_EQ(second.step(), 9);
  second.run({});
  EXPECT_TRUE(second.parameters().values().equal(first.parameters().values()));
}

TEST_F(RiffTraining, TheFrozenTextEncoderStays) {
  RiffTask task = make_task({.train_text_encoder = false});
  const auto before = task.networks().text_encoder->parameters();
  std::vector<at::Tensor> kept;
  for (const auto& parameter : before) kept.push_back(parameter.detach().clone());
  Trainer(task, run_options(folder_.path())).run({});
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(kept[i].equal(before[i]));
}

TEST_F(RiffTraining, NewWordsLeaveTheOldOnesAsTheyWere) {
  const auto words = build_vocabulary(*corpus_);
  auto networks = make_riff_networks(
      tiny_config(), "test", {.latent_channels = 4, .columns = 8, .mel_rows = 16}, words, 1);
  const at::Tensor ids = at::arange(words.size()).narrow(0, 0, 4).view({1, 4});
  const at::NoGradGuard no_grad;
  const at::Tensor before = networks.text_encoder->forward(ids);
  const std::vector<std::string> captions{"zither of a toy", "zither"};
  const auto more = words.extended_by(text::WordVocabulary::build(captions, 2));
  ASSERT_EQ(more.size(), words.size() + 1);
  extend_vocabulary(networks, more, 2);
  EXPECT_TRUE(networks.text_encoder->forward(ids).equal(before));
  EXPECT_EQ(networks.text_config.at("vocab_size"), more.size());
  EXPECT_EQ(std::get<text::WordVocabulary>(networks.tokenizer).words().back(), "zither");
  EXPECT_THROW(extend_vocabulary(networks, words, 2), Error);
}

TEST_F(RiffTraining, HarmonyIsGivenToAModelThatHadNone) {
  auto networks = make_riff_networks(tiny_config(), "test",
                                     {.latent_channels = 4, .columns = 8, .mel_rows = 16},
                                     build_vocabulary(*corpus_), 1);
  EXPECT_RIFFLE_ERROR(follow_harmony(networks, 16), ErrorCode::InvalidArgument, "harmony already");
  // One without: the first convolution sees beats only.
  networks.unet_config["in_channels"] = 4 + models::ContextRows::kBeatChannels;
  networks.unet = std::make_shared<models::UNet2DConditionModel>(
      models::UNet2DConditionConfig::from_json(networks.unet_config, "unet"));
  nn::reset_parameters(*networks.unet, 3);
  const at::Tensor tokens = at::randn({1, 3, 16});
  const at::Tensor summary = at::randn({1, 16 + models::kMusicFeatures});
  const at::Tensor time = at::full({1}, 500.0F);
  const at::Tensor input = at::randn({1, networks.unet->config().in_channels, 2, 8});
  const at::NoGradGuard no_grad;
  const at::Tensor before = networks.unet->forward(input, time, tokens, {}, nullptr, summary);
  follow_harmony(networks, 16);
  const int64_t more = networks.unet->config().in_channels - input.size(1);
  EXPECT_EQ(more, models::ContextRows::with_harmony(16) - models::ContextRows::kBeatChannels);
  const at::Tensor wider = at::cat({input, at::randn({1, more, 2, 8})}, 1);
  EXPECT_LT((networks.unet->forward(wider, time, tokens, {}, nullptr, summary) - before)
                .abs()
                .max()
                .item<float>(),
            1e-5);
}

TEST_F(RiffTraining, ChromaIsWhatSoundsInEachStretch) {
  const ConditionMaker maker(*corpus_, build_vocabulary(*corpus_), 8, 8, 8, true);
  const Window window{.record = 1, .segment = 0, .first_frame = 16};
  const at::Tensor events = corpus_->events(1).narrow(0, 0, 12).narrow(1, 2, 8).gt(0);
  const at::Tensor fine = maker.chroma(window, 0);
  ASSERT_EQ(fine.sizes(), at::IntArrayRef({models::kChromaRows, 8}));
  EXPECT_TRUE(fine.narrow(0, 0, 12).gt(0).equal(events));
  EXPECT_EQ(fine[12].min().item<float>(), 1);
  // By bars of eight columns, which begin with column 0: two columns earlier than the window.
  const at::Tensor coarse = maker.chroma(window, 8);
  for (int64_t column = 1; column < 6; ++column) {
    EXPECT_TRUE(coarse.select(1, column).equal(coarse.select(1, 0))) << column;
  }
  EXPECT_TRUE(coarse.narrow(0, 0, 12).select(1, 0).gt(0).equal(events.narrow(1, 0, 6).any(1)));
  EXPECT_EQ(coarse.narrow(0, 0, 12).select(1, 0).max().item<float>(), 1);
}

TEST_F(RiffTraining, ChromaIsToldAsFinelyAsIsWished) {
  const ConditionMaker maker(*corpus_, build_vocabulary(*corpus_), 8, 8, 8, true);
  const Window window{.record = 1, .segment = 0, .first_frame = 16};
  const at::Tensor fine = maker.chroma(window, 0);
  const auto told_finely = [&](double fine_chroma) {
    int times = 0;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      Random chance(seed);
      const Condition condition =
          maker.random(window, {.nothing = 0, .no_chroma = 0, .fine_chroma = fine_chroma}, chance);
      EXPECT_EQ(condition.chroma[12].min().item<float>(), 1);
      times += condition.chroma.equal(fine) ? 1 : 0;
    }
    return times;
  };
  // Half of them have overtones, and are not counted; notes of the toys last a beat, which is as
  // fine for a third of the others.
  EXPECT_NEAR(told_finely(1), 50, 15);
  EXPECT_NEAR(told_finely(0), 17, 12);
}

TEST_F(RiffTraining, LatentsAreCachedOnce) {
  LatentCache again(*corpus_, folder_ / "corpus",
                    make_latent_maker(folder_ / "first/vae", at::kCPU));
  EXPECT_EQ(again.folder(), cache_->folder());
  EXPECT_EQ(again.fill({}), 0);
  std::filesystem::remove(cache_->folder() / "00001.safetensors");
  EXPECT_EQ(again.fill({}), 4);
  const at::Tensor latents = again.latents(0);
  EXPECT_EQ(latents.sizes(), (std::vector<int64_t>{4, 2, 10}));
  EXPECT_NEAR(latents.to(at::kFloat).std().item<double>(), 1, 0.5);
}

TEST_F(RiffTraining, ConditionsSayWhatTheRecordSays) {
  const ConditionMaker maker(*corpus_, build_vocabulary(*corpus_), 8, 8, 8);
  const Window window{0, 0, 16};
  const Condition plain = maker.plain(window);
  EXPECT_EQ(plain.ids.size(), 8u);
  EXPECT_NE(plain.ids.front(), text::WordVocabulary::kEnd);
  EXPECT_EQ(plain.numbers[0].item<float>(), 1) << "the caption names the tempo";
  // A beat is two columns of eight frames: the phase at the middle of the first is a quarter.
  EXPECT_NEAR(plain.beats[0][0].item<float>(), 1, 0.02);
  EXPECT_NEAR(plain.beats[0][1].item<float>(), -1, 0.02);
  Random chance(1);
  const Condition nothing = maker.random(window, {.nothing = 1}, chance);
  EXPECT_EQ(nothing.ids, std::vector<int64_t>(8, text::WordVocabulary::kEnd));
  EXPECT_EQ(nothing.numbers.abs().sum().item<float>(), 0);
  const ConditionChances no_tempo{.nothing = 0, .no_text = 0, .no_tempo = 1, .no_key = 0};
  const Condition slow = maker.random(window, no_tempo, chance);
  EXPECT_EQ(slow.numbers[0].item<float>(), 0);
}

}  // namespace
}  // namespace riffle::train
