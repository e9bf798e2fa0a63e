// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train cae
#include <filesystem>
#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/train_commands.h"
#include "cli/train_options.h"
#include "cli/train_sounds.h"
#include "core/json.h"
#include "nn/runtime.h"
#include "shards/shard_reader.h"
#include "train/consistency_task.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string corpus;
  std::string out;
  std::string config;
  int64_t songs = 0;
  bool hear_only = false;
  TrainOptions train;
  train::ConsistencyTaskOptions task;
};

void run(const Options& options, Context& context) {
  train::ConsistencyTaskOptions task_options = options.task;
  if (!options.config.empty()) {
    task_options.model =
        models::ConsistencyConfig::from_json(read_json_file(options.config), options.config);
  }
  const fs::path heard =
      wave_sounds(options.corpus, task_options.model.sample_rate, options.songs, context.job);
  const shards::ShardReader waves(heard, context.job);
  if (options.hear_only) return tell_heard(heard, waves.records().size(), context);
  task_options.seed = options.train.run.seed;
  task_options.device = nn::choose_device(context.globals.device);
  train::ConsistencyTask task(waves, task_options);
  const fs::path out(options.out);
  run_training(task,
               trainer_options(options.train, task_options.device, out / "training/cae",
                               out / "autoencoder"),
               context);
}

}  // namespace

Action add_train_cae(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  train::ConsistencyTaskOptions& task = options->task;
  options->train.run.steps = 100000;
  options->train.run.rate.peak = 1e-4;
  options->train.run.rate.warm_up_steps = 1000;
  options->train.rate_shape = "cosine";
  add_corpus_and_out(app, options->corpus, options->out);
  app.add_option("--config", options->config,
                 "config.json of the network; none: a small one of some 5 million parameters")
      ->type_name(kFileType);
  add_hearing_options(app, options->songs, options->hear_only);
  app.add_option("--frames", task.frames, "Frames of a crop, 512 samples each")
      ->check(between(8, 1 << 16))
      ->capture_default_str();
  app.add_option("--first-exponent", task.first_exponent,
                 "Neighbouring noise levels lie 0.1^E of the schedule apart, at first")
      ->type_name("E")
      ->check(between(0, 6))
      ->capture_default_str();
  app.add_option("--last-exponent", task.last_exponent, "And at the end of the run")
      ->type_name("E")
      ->check(between(0, 6))
      ->capture_default_str();
  add_train_options(app, options->train);
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
