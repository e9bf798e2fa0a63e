// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/accompany_task.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <stop_token>

#include "core/error.h"
#include "core/json.h"
#include "models/load_module.h"
#include "models/tone_rows.h"
#include "shards/pair_writer.h"
#include "support/test_files.h"
#include "train/model_files.h"
#include "train/trainer.h"

namespace riffle::train {
namespace {

constexpr int64_t kChannels = 4;
constexpr int64_t kColumns = 8;

constexpr double kChordS = 5 * 7056.0 / 44100;  // five columns

// What is heard in it: one pitch class.
shards::NewPairSound sound(const at::Tensor& latents, int64_t tone) {
  at::Tensor chroma = at::zeros({12, latents.size(1)});
  chroma[tone].fill_(0.5);
  return {latents, chroma};
}

// Songs of three stems; what stem 0 plays is what stem 1 plays with its channels turned around, and
// stem 2 is silent in half of each song. The style says which stem it is.
void write_toy_pairs(const std::filesystem::path& folder, int songs = 10) {
  std::vector<shards::NewPairSong> made;
  std::vector<shards::NewStyles> styles;
  for (int i = 0; i < songs; ++i) {
    shards::NewPairSong song;
    song.song.id = fmt::format("{:06}", i);
    song.song.song = song.song.id;
    song.song.split = i == 2 || i == 5 ? shards::Split::Valid : shards::Split::Train;
    song.song.columns = 20;
    song.song.stems = {{"a", "lead", false, {}}, {"b", "bass", false, {}}, {"c", "pad", false, {}}};
    song.song.mixes = {{0, 1}, {0, 2}, {1, 2}};
    const auto generator = at::detail::createCPUGenerator(static_cast<uint64_t>(i));
    const at::Tensor one = at::randn({kChannels, 20}, generator) * 2 + 1;
    const at::Tensor three = at::randn({kChannels, 20}, generator) * 0.1;
    song.stems = {sound(one, 0), sound(one.flip(0), 1), sound(three, 2)};
    song.mixes = {sound(one + one.flip(0), 3), sound(one + three, 4),
                  sound(one.flip(0) + three, 5)};
    song.song.chords = {{0, 9, "min"}, {kChordS, 5, "maj7"}, {3 * kChordS, 0, "unheard of"}};
    song.active = at::ones({3, 20}, at::kByte);
    song.active[2].narrow(0, 0, 12).zero_();
    made.push_back(song);
    shards::NewStyles style{.id = song.song.id, .stems = {}, .words = {}};
    for (int stem = 0; stem < 3; ++stem) {
      at::Tensor values = at::zeros({2, 3});
      values.select(1, stem).fill_(1);
      style.stems.push_back(values);
      style.words.push_back(stem == 0 ? at::Tensor() : -values);
    }
    styles.push_back(style);
  }
  shards::PairWriter(folder, {.channels = kChannels, .autoencoder = "toy"}).write(0, made);
  shards::write_styles(folder, 0, styles, {});
}

AccompanyTaskOptions task_options() {
  AccompanyTaskOptions options;
  options.network.block_out_channels = {16, 24};
  options.network.layers_per_block = 1;
  options.network.attention_levels = 1;
  options.network.attention_head_dim = 8;
  options.network.time_embed_dim = 16;
  options.network.columns = kColumns;
  options.validation_windows = 6;
  options.clips = 2;
  options.sample_steps = 3;
  return options;
}

TrainerOptions run_options(const std::filesystem::path& folder, int64_t steps) {
  TrainerOptions options;
  options.folder = folder / "run";
  options.model = folder / "model";
  options.steps = steps;
  options.batch = 8;
  options.rate.peak = 3e-3;
  options.rate.warm_up_steps = 5;
  options.validate_every = 0;
  options.samples_every = 0;
  return options;
}

double named(const NamedNumbers& numbers, const std::string& name) {
  for (const auto& [key, value] : numbers) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

// Of rows of notes: those that are there in a column.
std::vector<int64_t> tones_of(const at::Tensor& rows, int64_t column) {
  std::vector<int64_t> tones;
  for (int64_t row = 0; row < rows.size(0); ++row) {
    if (rows[row][column].item<float>() > 0) tones.push_back(row);
  }
  return tones;
}

class AccompanyTraining : public testing::Test {
 protected:
  AccompanyTraining() {
    write_toy_pairs(folder_ / "pairs");
    pairs_.emplace(folder_ / "pairs");
  }

  test::TemporaryFolder folder_;
  std::optional<shards::PairReader> pairs_;
};

TEST_F(AccompanyTraining, WindowsAreStemsWithContextsOfTheSameSong) {
  PairWindows windows(*pairs_, shards::Split::Train, kColumns, 1);
  EXPECT_EQ(windows.count(), 24);
  std::map<std::pair<size_t, size_t>, int> seen;
  for (int64_t i = 0; i < 24; ++i) {
    Random chance(static_cast<uint64_t>(i));
    const PairWindow window = windows.choose(i, chance);
    ++seen[{window.song, window.stem}];
    ASSERT_TRUE(window.maybe_context);
    if (window.maybe_context->mix) {
      const auto& mix = pairs_->songs()[window.song].mixes[window.maybe_context->index];
      EXPECT_THAT(mix, testing::Not(testing::Contains(static_cast<int64_t>(window.stem))));
    } else {
      EXPECT_NE(window.maybe_context->index, window.stem);
    }
    if (window.stem == 2) {
      EXPECT_GE(window.first_column + kColumns, 12 + 3);  // where it sounds
    }
    const at::Tensor all = pairs_->stem(window.song, window.stem).to(at::kFloat);
    EXPECT_TRUE(at::equal(windows.target(window), all.narrow(1, window.first_column, kColumns)));
    Random again(7);
    EXPECT_EQ(windows.style(window, again)[static_cast<int64_t>(window.stem)].item<float>(), 1);
    // What is said of it, where something is.
    EXPECT_EQ(windows.style(window, again, 1)[static_cast<int64_t>(window.stem)].item<float>(),
              window.stem == 0 ? 1 : -1);
  }
  EXPECT_EQ(seen.size(), 24U);  // each once a round
  EXPECT_RIFFLE_ERROR(PairWindows(*pairs_, shards::Split::Train, 21, 1), ErrorCode::InvalidArgument,
                      "21 columns");
}

TEST_F(AccompanyTraining, WindowsTellWhatIsHeardAndTheChords) {
  const PairWindows windows(*pairs_, shards::Split::Train, kColumns, 1);
  const PairWindow window{
      .song = 1, .stem = 1, .first_column = 3, .maybe_context = PairContext{true, 1}};
  const at::Tensor heard = windows.heard(window);
  EXPECT_EQ(heard.sizes(), at::IntArrayRef({models::kChromaRows, kColumns}));
  EXPECT_EQ(heard[4].sum().item<float>(), 0.5F * kColumns);
  EXPECT_EQ(heard[12].sum().item<float>(), kColumns);
  EXPECT_EQ(heard.sum().item<float>(), 1.5F * kColumns);
  EXPECT_EQ(windows.heard({.song = 1, .stem = 1}).abs().sum().item<float>(), 0);
  const at::Tensor chords = windows.chords(window);
  EXPECT_THAT(tones_of(chords, 1), testing::ElementsAre(0, 4, 9, 12));     // Am in column 4
  EXPECT_THAT(tones_of(chords, 2), testing::ElementsAre(0, 4, 5, 9, 12));  // Fmaj7 in column 5
  const at::Tensor later = windows.chords({.song = 1, .stem = 1, .first_column = 9});
  EXPECT_THAT(tones_of(later, 5), testing::ElementsAre(0, 4, 5, 9, 12));
  EXPECT_TRUE(tones_of(later, 6).empty());  // what is no chord is not known
}

// Told what is heard only where there is a context; chords also without.
TEST_F(AccompanyTraining, TellsNotesAsOftenAsAsked) {
  AccompanyTaskOptions options = task_options();
  options.network.chroma_channels = models::kChromaRows;
  options.drop_context = 0.5;
  options.drop_both = 0.2;
  options.tell_chords = 0.25;
  options.tell_heard = 0.5;
  AccompanyTask task(*pairs_, options);
  const Batch batch = task.make_batch(0, 2000);
  const at::Tensor chroma = batch.at("chroma");
  const at::Tensor heard = (chroma.narrow(1, 0, 12).amax({1, 2}) == 0.5).to(at::kFloat);
  const at::Tensor chords = (chroma.narrow(1, 0, 12).amax({1, 2}) == 1).to(at::kFloat);
  EXPECT_NEAR(heard.mean().item<float>(), 0.8 * 0.5 * 0.5, 0.03);
  EXPECT_NEAR(chords.mean().item<float>(), 0.8 * 0.25, 0.03);
  EXPECT_EQ((heard * (1 - batch.at("present"))).sum().item<float>(), 0);
  EXPECT_GT((chords * (1 - batch.at("present"))).sum().item<float>(), 0);
}

TEST_F(AccompanyTraining, BeginsWithAnotherModelsNetwork) {
  const std::filesystem::path model = folder_ / "before/model";
  std::filesystem::create_directories(folder_ / "before");
  AccompanyTask before(*pairs_, task_options());
  Trainer(before, run_options(folder_ / "before", 20)).run({});
  AccompanyTaskOptions options = task_options();
  options.network.chroma_channels = models::kChromaRows;
  options.start = model;
  AccompanyTask task(*pairs_, options);
  EXPECT_EQ(task.network().config().latents_std, before.network().config().latents_std);
  // The weights on disk are in half precision, and notes do nothing yet.
  AccompanyTask fresh(*pairs_, task_options());
  load_part(fresh.network(), model / "unet");
  const Batch batch = task.make_batch(0, 16);
  EXPECT_GT(batch.at("chroma").sum().item<float>(), 0);
  EXPECT_FLOAT_EQ(task.loss(batch, {}, {}).total.item<float>(),
                  fresh.loss(batch, {}, {}).total.item<float>());
  options.network.block_out_channels = {16, 32};
  EXPECT_RIFFLE_ERROR(AccompanyTask(*pairs_, options), ErrorCode::InvalidArgument,
                      "built otherwise");
}

TEST_F(AccompanyTraining, LeavesConditionsOutAsOftenAsAsked) {
  AccompanyTaskOptions options = task_options();
  options.drop_context = 0.5;
  options.drop_style = 0.25;
  options.drop_both = 0;
  AccompanyTask task(*pairs_, options);
  const Batch batch = task.make_batch(0, 2000);
  EXPECT_NEAR(batch.at("present").mean().item<float>(), 0.5, 0.05);
  EXPECT_NEAR(batch.at("has_style").mean().item<float>(), 0.75, 0.05);
  EXPECT_NEAR((batch.at("present") * batch.at("has_style")).mean().item<float>(), 0.375, 0.05);
  EXPECT_NEAR(batch.at("sigma").log().mean().item<float>(), options.noise_mean, 0.1);
  EXPECT_NEAR(batch.at("sigma").log().std().item<float>(), options.noise_deviation, 0.1);
  options.drop_both = 1;
  EXPECT_EQ(AccompanyTask(*pairs_, options).make_batch(0, 9).at("present").sum().item<float>(), 0);
}

TEST_F(AccompanyTraining, ABatchIsAFunctionOfItsPlace) {
  AccompanyTask task(*pairs_, task_options());
  const Batch whole = task.make_batch(3, 4);
  const Batch part = task.make_batch(5, 1);
  for (const auto& [name, tensor] : whole.tensors) {
    EXPECT_TRUE(at::equal(part.at(name)[0], tensor[2])) << name;
  }
}

TEST_F(AccompanyTraining, TrainsOnLatentsOfUnitVariance) {
  AccompanyTask task(*pairs_, task_options());
  std::vector<at::Tensor> targets;
  const Batch batch = task.make_batch(0, 200);
  const at::Tensor unit = task.network().normalise(batch.at("target"));
  EXPECT_NEAR(unit.std().item<float>(), 1, 0.15);
  EXPECT_NEAR(unit.mean().item<float>(), 0, 0.15);
}

// An untrained network predicts zero, whose error is the prediction's variance: 1 at every level.
TEST_F(AccompanyTraining, BeginsAtALossOfOne) {
  AccompanyTask task(*pairs_, task_options());
  const Batch batch = task.make_batch(0, 400);
  EXPECT_NEAR(task.loss(batch, {}, {}).total.item<double>(), 1, 0.15);
}

TEST_F(AccompanyTraining, LearnsToListenToTheContext) {
  AccompanyTaskOptions options = task_options();
  options.drop_both = 0;
  AccompanyTask task(*pairs_, options);
  Trainer trainer(task, run_options(folder_.path(), 250));
  trainer.run({});
  NamedNumbers figures;
  trainer.with_average([&] { figures = task.validate({}); });
  EXPECT_LT(named(figures, "loss"), 0.8);
  EXPECT_LT(named(figures, "context"), named(figures, "none"));
  EXPECT_LT(named(figures, "context"), named(figures, "shuffled"));
}

TEST_F(AccompanyTraining, GoesOnWhereItStoppedAndWritesAModel) {
  const auto weights_after = [&](const std::string& name, bool stopped) {
    const std::filesystem::path folder = folder_ / name;
    std::filesystem::create_directories(folder);
    if (stopped) {
      AccompanyTask task(*pairs_, task_options());
      TrainerOptions options = run_options(folder, 6);
      options.log_every = 1;
      std::stop_source stop;
      EXPECT_THROW(Trainer(task, options)
                       .run({stop.get_token(), {}},
                            [&](const TrainReport& report) {
                              if (report.step == 3) stop.request_stop();
                            }),
                   Error);
    }
    AccompanyTask task(*pairs_, task_options());
    Trainer trainer(task, run_options(folder, 6));
    EXPECT_EQ(trainer.run({}).first_step, stopped ? 3 : 0);
    return trainer.parameters().values().clone();
  };
  EXPECT_TRUE(at::equal(weights_after("whole", false), weights_after("stopped", true)));
  const std::filesystem::path model = folder_ / "whole/model";
  const Json config = read_json_file(model / "unet/config.json");
  const auto loaded =
      std::make_shared<models::UNet1D>(models::UNet1DConfig::from_json(config, "config.json"));
  load_part(*loaded, model / "unet");
  EXPECT_EQ(loaded->config().latents_std.size(), static_cast<size_t>(kChannels));
  EXPECT_EQ(read_json_file(model / "model_index.json").at("_class_name"), "BandPipeline");
  EXPECT_EQ(read_json_file(model / "scheduler/scheduler_config.json").at("rho"), 7);
}

TEST_F(AccompanyTraining, SamplesAreStemsOfTheRightSize) {
  AccompanyTask task(*pairs_, task_options());
  std::filesystem::create_directories(folder_ / "samples");
  task.write_samples(folder_ / "samples", {});
  const auto file = weights::open_safetensors(folder_ / "samples/latents.safetensors");
  const at::Tensor made = file.tensors->load("generated");
  EXPECT_EQ(made.sizes(), at::IntArrayRef({2, kChannels, kColumns}));
  EXPECT_TRUE(made.isfinite().all().item<bool>());
}

TEST_F(AccompanyTraining, ZerosAreNoStyle) {
  const std::vector<at::Tensor> zeros(3, at::zeros({1, 3}));
  std::vector<shards::NewStyles> styles;
  for (int i = 0; i < 10; ++i) styles.push_back({fmt::format("{:06}", i), zeros});
  shards::write_styles(folder_ / "pairs", 0, styles, {});
  const shards::PairReader unknown(folder_ / "pairs");
  AccompanyTask task(unknown, task_options());
  EXPECT_EQ(task.network().config().embedding_dim, 3);
  EXPECT_EQ(task.make_batch(0, 20).at("has_style").sum().item<float>(), 0);
}

TEST_F(AccompanyTraining, DoesWithoutStyles) {
  std::filesystem::remove_all(folder_ / "pairs/embeddings");
  const shards::PairReader plain(folder_ / "pairs");
  AccompanyTask task(plain, task_options());
  EXPECT_EQ(task.network().config().embedding_dim, 0);
  const Batch batch = task.make_batch(0, 4);
  EXPECT_TRUE(std::isfinite(task.loss(batch, {}, {}).total.item<double>()));
}

}  // namespace
}  // namespace riffle::train
