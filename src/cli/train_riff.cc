// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train latents, riffle train riff, riffle train lora, riffle train distill
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/options.h"
#include "cli/train_commands.h"
#include "cli/train_options.h"
#include "cli/train_samples.h"
#include "core/error.h"
#include "core/json.h"
#include "models/riff_model.h"
#include "nn/runtime.h"
#include "shards/shard_reader.h"
#include "train/distill_task.h"
#include "train/latent_cache.h"
#include "train/lora_task.h"
#include "train/riff_networks.h"
#include "train/riff_task.h"
#include "weights/bundle.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Latents {
  std::string corpus;
  std::string model;
};

void make_latents(const Latents& options, Context& context) {
  const shards::ShardReader corpus(options.corpus, context.job);
  const fs::path model = weights::find_model(options.model);
  train::LatentCache cache(
      corpus, options.corpus,
      train::make_latent_maker(model, nn::choose_device(context.globals.device)));
  const int64_t made = cache.fill(context.job);
  context.out.line("{}", cache.folder().string());
  context.out.line("{} of {} records were encoded now", made, corpus.records().size());
  context.out.document() = {
      {"folder", cache.folder().string()}, {"encoded", made}, {"records", corpus.records().size()}};
}

struct Riff {
  std::string corpus;
  std::string out;
  std::string model;
  std::string config;
  bool new_words = false;
  bool follow_harmony = false;
  int64_t word_count = 2;
  TrainOptions train;
  train::RiffTaskOptions task;
};

// The vocabulary of the captions; its first words are those of `known`.
text::WordVocabulary vocabulary_of(const Riff& options, const shards::ShardReader& corpus,
                                   const text::WordVocabulary* known = nullptr) {
  return vocabulary_of_run(fs::path(options.out) / "tokenizer", options.train.run.restart, [&] {
    auto vocabulary = train::build_vocabulary(corpus, options.word_count);
    return known == nullptr ? vocabulary : known->extended_by(vocabulary);
  });
}

train::RiffNetworks networks_of(const Riff& options, const shards::ShardReader& corpus,
                                const train::LatentMaker& maker) {
  if (!options.model.empty()) {
    auto networks = train::load_riff_networks(weights::find_model(options.model));
    if (options.new_words) {
      const auto* known = std::get_if<text::WordVocabulary>(&networks.tokenizer);
      train::extend_vocabulary(networks,
                               known == nullptr ? train::build_vocabulary(corpus)
                                                : vocabulary_of(options, corpus, known),
                               options.train.run.seed);
    }
    if (options.follow_harmony) train::follow_harmony(networks, maker.row_factor);
    return networks;
  }
  const Json config = options.config.empty() ? Json::object() : read_json_file(options.config);
  return train::make_riff_networks(
      config, options.config.empty() ? "the default configuration" : options.config,
      {.latent_channels = maker.channels,
       .columns = options.task.frames / maker.time_factor,
       .mel_rows = maker.row_factor},
      vocabulary_of(options, corpus), options.train.run.seed);
}

void train_riff(const Riff& options, Context& context) {
  const shards::ShardReader corpus(options.corpus, context.job);
  const at::Device device = nn::choose_device(context.globals.device);
  const fs::path out(options.out);
  const fs::path bundle =
      options.model.empty() ? fs::path() : fs::path(weights::find_model(options.model));
  const fs::path autoencoder = bundle.empty() ? out : bundle;
  if (bundle.empty() && !fs::exists(out / "vae/config.json")) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: there is no autoencoder in it (vae/config.json)", out.string()),
                "train one first: riffle train autoencoder CORPUS OUT");
  }
  const train::LatentMaker maker = train::make_latent_maker(autoencoder, device);
  train::LatentCache cache(corpus, options.corpus, maker);
  cache.fill(context.job);
  train::RiffTaskOptions task_options = options.task;
  task_options.seed = options.train.run.seed;
  task_options.device = device;
  task_options.bundle = bundle;
  task_options.autoencoder = autoencoder;
  task_options.writers = sample_writers(corpus.header().spectrogram);
  train::RiffNetworks networks = networks_of(options, corpus, maker);
  // What was trained on other captions than these is not to be spoilt with them.
  task_options.train_text_encoder = bundle.empty() || options.new_words;
  train::RiffTask task(corpus, cache, std::move(networks), task_options);
  run_training(task, trainer_options(options.train, device, out / "training/riff", out), context);
}

// What is trained into an adapter.
struct Adapter {
  std::string model;
  std::string corpus;
  std::string out;
  std::string names = "kohya";
  bool unet_only = false;
  bool distils = false;
  std::optional<double> guidance;  // of what is distilled
  std::optional<double> guidance_rescale;
  TrainOptions train;
  train::LoraTaskOptions task;
};

void train_adapter(const Adapter& options, Context& context) {
  const shards::ShardReader corpus(options.corpus, context.job);
  const at::Device device = nn::choose_device(context.globals.device);
  const fs::path bundle = weights::find_model(options.model);
  train::LatentCache cache(corpus, options.corpus, train::make_latent_maker(bundle, device));
  cache.fill(context.job);
  train::LoraTaskOptions task_options = options.task;
  task_options.names = train::lora_names_from_name(options.names);
  train::RiffTaskOptions& riff = task_options.riff;
  riff.seed = options.train.run.seed;
  riff.device = device;
  riff.bundle = bundle;
  riff.writers = sample_writers(corpus.header().spectrogram);
  riff.train_text_encoder = !options.unet_only;
  train::RiffNetworks networks = train::load_riff_networks(bundle);
  std::unique_ptr<train::LoraTask> task;
  if (options.distils) {
    const auto usual = models::default_guidance(weights::open_bundle(bundle));
    const diffusion::GuidanceOptions guidance{
        .scale = options.guidance.value_or(usual.scale),
        .rescale = options.guidance_rescale.value_or(usual.rescale)};
    task = std::make_unique<train::DistillTask>(
        corpus, cache, std::move(networks),
        train::DistillTaskOptions{.lora = task_options, .guidance = guidance});
  } else {
    task = std::make_unique<train::LoraTask>(corpus, cache, std::move(networks), task_options);
  }
  fs::path folder(options.out);
  folder.replace_extension(".training");
  run_training(*task, trainer_options(options.train, device, folder, options.out), context);
}

void add_condition_options(CLI::App& app, train::ConditionChances& chances) {
  const auto add = [&](const char* name, double& value, const char* help) {
    app.add_option(name, value, help)->check(between(0, 1))->capture_default_str();
  };
  add("--drop-all", chances.nothing, "How often nothing is told, so that guidance works");
  add("--drop-text", chances.no_text, "How often the words are left out");
  add("--drop-tempo", chances.no_tempo, "How often the tempo is left out");
  add("--drop-chroma", chances.no_chroma, "How often it is left out what sounds");
  add("--fine-chroma", chances.fine_chroma,
      "How much of it is told column by column, as covers do; the rest by the beat or bar, as "
      "chords");
  add("--drop-key", chances.no_key, "How often the key is left out");
  add("--drop-beats", chances.no_beats, "How often the places of beats are left out");
  add("--tell-tempo", chances.tell_tempo, "How often a tempo is told that the caption leaves out");
  add("--tell-key", chances.tell_key, "How often a key is told that the caption leaves out");
}

}  // namespace

Action add_train_latents(CLI::App& app) {
  const auto options = std::make_shared<Latents>();
  app.add_option("corpus", options->corpus, "Folder that riffle corpus made")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--model", options->model, "Model, or folder of its autoencoder")
      ->type_name("MODEL")
      ->required();
  return [options](Context& context) { make_latents(*options, context); };
}

Action add_train_riff(CLI::App& app) {
  const auto options = std::make_shared<Riff>();
  options->train.run.steps = 50000;
  options->train.run.batch = 32;
  add_corpus_and_out(app, options->corpus, options->out);
  app.add_option("--model", options->model,
                 "Go on from this model, with its autoencoder and text encoder as they are; none: "
                 "a new one, for the autoencoder that lies in OUT")
      ->type_name("MODEL");
  app.add_option("--config", options->config,
                 "JSON with what is to differ from riffle-small's networks: {\"unet\": {...}, "
                 "\"text_encoder\": {...}, \"scheduler\": {...}}")
      ->type_name(kFileType);
  app.add_option("--frames", options->task.frames, "Frames of a window")
      ->check(between(8, 1 << 16))
      ->capture_default_str();
  app.add_option("--alone", options->task.alone,
                 "How many times as often windows of one pitched instrument alone come up")
      ->check(between(1, 100))
      ->capture_default_str();
  app.add_flag("--new-words", options->new_words,
               "Teach MODEL the words of the captions that it does not know; trains its text "
               "encoder too");
  app.add_flag("--follow-harmony", options->follow_harmony,
               "Give MODEL rows that tell it where the notes of a key and of chords lie, which new "
               "models have");
  app.add_option("--word-count", options->word_count,
                 "Words the model knows occur at least so often in the captions")
      ->check(between(1, 1 << 20))
      ->capture_default_str();
  app.add_flag("--logit-normal", options->task.logit_normal,
               "Dwell on the middle levels of noise; else all alike");
  app.add_option("--min-snr", options->task.min_snr_gamma,
                 "Weigh losses by min(SNR, this); 0: all alike")
      ->check(between(0, 1000))
      ->capture_default_str();
  app.add_option("--turn", options->task.turn,
                 "How often windows of whole bars are turned around in time")
      ->check(between(0, 1))
      ->capture_default_str();
  add_condition_options(app, options->task.chances);
  add_train_options(app, options->train);
  return [options](Context& context) { train_riff(*options, context); };
}

namespace {

// Options of every adapter, with `options` as their defaults.
void add_adapter_options(CLI::App& app, Adapter& options) {
  app.add_option("model", options.model, "Model to adapt")->type_name("MODEL")->required();
  app.add_option("corpus", options.corpus, "Folder that riffle corpus made")
      ->type_name(kFolderType)
      ->required();
  app.add_option("out", options.out, "Adapter to write; the run is kept beside it")
      ->type_name(kFileType)
      ->required();
  train::LoraShape& shape = options.task.shape;
  app.add_option("--rank", shape.rank, "Of the adapters' matrices")
      ->check(between(1, 4096))
      ->capture_default_str();
  app.add_option("--alpha", shape.alpha, "Their weight is alpha / rank")
      ->check(between(0, 1e6))
      ->capture_default_str();
  add_choice(app, "--names", options.names, {"kohya", "diffusers"}, "Of the tensors in the file");
  train::RiffTaskOptions& riff = options.task.riff;
  app.add_option("--frames", riff.frames, "Frames of a window")
      ->check(between(8, 1 << 16))
      ->capture_default_str();
  app.add_option("--drop-all", riff.chances.nothing,
                 "How often no caption is told, so that guidance works")
      ->check(between(0, 1))
      ->capture_default_str();
  add_train_options(app, options.train);
}

}  // namespace

Action add_train_lora(CLI::App& app) {
  const auto options = std::make_shared<Adapter>();
  options->train.run.steps = 2000;
  options->train.run.batch = 4;
  options->train.run.rate.peak = 1e-4;
  options->train.run.rate.warm_up_steps = 50;
  options->task.riff.frames = 512;
  add_adapter_options(app, *options);
  app.add_flag("--convolutions", options->task.shape.convolutions,
               "Adapt convolutions and feed-forward layers too, not attention alone");
  app.add_flag("--unet-only", options->unet_only, "Leave the text encoder as it is");
  app.add_option("--min-snr", options->task.riff.min_snr_gamma,
                 "Weigh losses by min(SNR, this); 0: all alike")
      ->check(between(0, 1000))
      ->capture_default_str();
  return [options](Context& context) { train_adapter(*options, context); };
}

Action add_train_distill(CLI::App& app) {
  const auto options = std::make_shared<Adapter>();
  options->train.run.steps = 4000;
  options->train.run.rate.peak = 3e-4;
  options->train.run.rate.warm_up_steps = 50;
  options->distils = true;
  options->unet_only = true;
  options->task.shape = {.rank = 32, .alpha = 32, .convolutions = true};
  options->task.riff.sample_scheduler = "lcm";
  options->task.riff.sample_steps = 4;
  options->task.riff.sample_guidance = 1;
  add_adapter_options(app, *options);
  app.add_option("--guidance", options->guidance,
                 "Of the model, as the adapter is to reproduce it (default: the model's)")
      ->check(between(1, 50));
  app.add_option("--guidance-rescale", options->guidance_rescale, "Likewise")->check(between(0, 1));
  return [options](Context& context) { train_adapter(*options, context); };
}

}  // namespace riffle::cli
