// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train accompany
#include <filesystem>
#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/train_commands.h"
#include "cli/train_options.h"
#include "cli/train_samples.h"
#include "core/json.h"
#include "models/tone_rows.h"
#include "nn/runtime.h"
#include "shards/pair_reader.h"
#include "train/accompany_task.h"
#include "train/model_files.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string pairs;
  std::string out;
  std::string config;
  std::string start;
  std::string model;
  std::string clap;
  TrainOptions train;
  train::AccompanyTaskOptions task;
};

// What --config leaves open is the default; what the pairs decide is theirs. A run that goes on
// keeps the latents' statistics it began with.
models::UNet1DConfig network_of(const Options& options, const shards::PairReader& pairs) {
  Json json = options.task.network.to_json();
  json["chroma_channels"] = models::kChromaRows;
  std::error_code ec;
  if (!options.start.empty()) {
    Json begun = train::find_part(weights::find_model(options.start), "unet").config;
    begun.erase("chroma_channels");
    json.merge_patch(begun);
  }
  if (!options.config.empty()) json.merge_patch(read_json_file(options.config));
  json["in_channels"] = pairs.header().channels;
  json["context_channels"] = pairs.header().channels;
  json["embedding_dim"] = pairs.style_dim();
  const fs::path before = fs::path(options.out) / "unet/config.json";
  if (!options.train.run.restart && fs::exists(before, ec)) {
    const Json there = read_json_file(before);
    for (const char* key : {"latents_mean", "latents_std"}) {
      if (there.contains(key)) json[key] = there.at(key);
    }
  }
  return models::UNet1DConfig::from_json(
      json, options.config.empty() ? "the default configuration" : options.config);
}

void run(const Options& options, Context& context) {
  const shards::PairReader pairs(options.pairs, context.job);
  const fs::path out(options.out);
  train::AccompanyTaskOptions task_options = options.task;
  task_options.network = network_of(options, pairs);
  task_options.seed = options.train.run.seed;
  task_options.device = nn::choose_device(context.globals.device);
  task_options.clap = options.clap;
  if (!options.start.empty()) task_options.start = weights::find_model(options.start);
  OrderedJson spectrogram;
  if (!options.model.empty()) {
    task_options.autoencoder = weights::find_model(options.model);
    const fs::path path = task_options.autoencoder / "spectrogram.json";
    std::error_code ec;
    if (fs::exists(path, ec)) spectrogram = OrderedJson::parse(read_json_file(path).dump());
  }
  if (!spectrogram.is_null()) task_options.writers = sample_writers(spectrogram);
  train::AccompanyTask task(pairs, task_options, context.job);
  run_training(task,
               trainer_options(options.train, task_options.device, out / "training/accompany", out),
               context);
}

}  // namespace

Action add_train_accompany(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  train::AccompanyTaskOptions& task = options->task;
  options->train.run.steps = 100000;
  options->train.run.batch = 32;
  app.add_option("pairs", options->pairs, "Folder that riffle corpus pairs made")
      ->type_name(kFolderType)
      ->required();
  app.add_option("out", options->out, "Folder of the model; the run is kept in it too")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--config", options->config,
                 "JSON with what is to differ from the default network; riffle-band's: "
                 "{\"block_out_channels\": [192, 256, 320], \"layers_per_block\": 1}")
      ->type_name(kFileType);
  app.add_option("--start", options->start,
                 "Band model whose network is trained on; one that is told no notes learns to be")
      ->type_name("MODEL");
  app.add_option("--model", options->model,
                 "Bundle whose autoencoder made the pairs: it becomes part of the model, and "
                 "samples are decoded with it")
      ->type_name("MODEL");
  app.add_option("--clap", options->clap, "CLAP model that embedded the pairs: becomes a part too")
      ->type_name(kFolderType);
  const auto add = [&](const char* name, double& value, double low, double high, const char* help) {
    app.add_option(name, value, help)->check(between(low, high))->capture_default_str();
  };
  add("--noise-mean", task.noise_mean, -20, 20, "Mean of ln(sigma), the noise trained on");
  add("--noise-deviation", task.noise_deviation, 0, 20, "Deviation of ln(sigma)");
  add("--drop-context", task.drop_context, 0, 1, "How often the context is left out");
  add("--drop-style", task.drop_style, 0, 1, "How often the style is left out");
  add("--drop-both", task.drop_both, 0, 1, "How often both are, besides");
  add("--tell-heard", task.tell_heard, 0, 1,
      "How often the notes that are heard in the context are told");
  add("--tell-chords", task.tell_chords, 0, 1, "How often the song's chords are told instead");
  add("--style-words", task.style_words, 0, 1, "How often the style is what is said of the stem");
  add("--style-noise", task.style_noise, 0, 10, "Noise on the style, as a share of its length");
  app.add_option("--validation-windows", task.validation_windows, "Windows to validate on")
      ->check(between(2, 1 << 20))
      ->capture_default_str();
  add_train_options(app, options->train);
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
