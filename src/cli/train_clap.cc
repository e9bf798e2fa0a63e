// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train clap
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "cli/options.h"
#include "cli/train_commands.h"
#include "cli/train_options.h"
#include "cli/train_sounds.h"
#include "core/json.h"
#include "nn/runtime.h"
#include "shards/shard_reader.h"
#include "train/clap_task.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string corpus;
  std::string out;
  std::string config;
  std::string start;
  int64_t songs = 0;
  int64_t word_count = 2;
  bool hear_only = false;
  TrainOptions train;
  train::ClapTaskOptions task;
};

void run(const Options& options, Context& context) {
  train::ClapTaskOptions task_options = options.task;
  if (!options.config.empty()) {
    task_options.model =
        models::ClapConfig::from_json(read_json_file(options.config), options.config);
  }
  if (!options.start.empty()) {
    const fs::path config = fs::path(options.start) / "config.json";
    task_options.start = options.start;
    task_options.model = models::ClapConfig::from_json(read_json_file(config), config.string());
  }
  const fs::path heard =
      clap_sounds(options.corpus, task_options.features, options.songs, context.job);
  const shards::ShardReader sounds(heard, context.job);
  if (options.hear_only) return tell_heard(heard, sounds.records().size(), context);
  task_options.seed = options.train.run.seed;
  task_options.device = nn::choose_device(context.globals.device);
  const fs::path out(options.out);
  auto vocabulary = vocabulary_of_run(out / "clap", options.train.run.restart, [&] {
    return options.start.empty() ? train::build_clap_vocabulary(sounds, options.word_count)
                                 : text::WordVocabulary::load(options.start);
  });
  train::ClapTask task(sounds, std::move(vocabulary), task_options);
  run_training(
      task,
      trainer_options(options.train, task_options.device, out / "training/clap", out / "clap"),
      context);
}

}  // namespace

Action add_train_clap(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  options->train.run.steps = 10000;
  options->train.run.batch = 64;
  options->train.run.rate.peak = 1e-3;
  options->train.run.validate_every = 200;
  add_corpus_and_out(app, options->corpus, options->out);
  app.add_option("--config", options->config,
                 "config.json of the network; none: a small one of some 4 million parameters")
      ->type_name(kFileType);
  app.add_option("--start", options->start,
                 "Folder of a CLAP model, made by this command, that is trained on")
      ->type_name(kFolderType)
      ->excludes("--config");
  app.add_flag("--keep-text", options->task.keep_text,
               "Teach the tower that hears alone: embeddings stay in the space that models trained "
               "with them know")
      ->needs("--start");
  app.add_option("--instrument-share", options->task.instrument_share,
                 "Weight of a second loss beside the captions': which of all instruments' names "
                 "is a stem's own")
      ->check(between(0, 100))
      ->capture_default_str();
  add_hearing_options(app, options->songs, options->hear_only);
  app.add_option("--least-s", options->task.least_s, "Shortest crop of a sound")
      ->type_name("SECONDS")
      ->check(between(0.1, 10))
      ->capture_default_str();
  app.add_option("--gain-db", options->task.gain_db,
                 "Crops are made up to so much louder or softer")
      ->type_name("DB")
      ->check(between(0, 60))
      ->capture_default_str();
  app.add_option("--word-count", options->word_count,
                 "A word is learnt that stands at least so often in the captions")
      ->check(between(1, 1 << 20))
      ->capture_default_str();
  add_train_options(app, options->train);
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
