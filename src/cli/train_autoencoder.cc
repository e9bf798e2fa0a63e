// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train autoencoder
#include <filesystem>
#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/train_commands.h"
#include "cli/train_options.h"
#include "cli/train_samples.h"
#include "core/json.h"
#include "nn/runtime.h"
#include "shards/shard_reader.h"
#include "train/autoencoder_task.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string corpus;
  std::string out;
  std::string config;
  TrainOptions train;
  train::AutoencoderTaskOptions task;
};

void run(const Options& options, Context& context) {
  const shards::ShardReader corpus(options.corpus, context.job);
  train::AutoencoderTaskOptions task_options = options.task;
  if (!options.config.empty()) {
    task_options.model =
        models::MelAutoencoderConfig::from_json(read_json_file(options.config), options.config);
  }
  task_options.seed = options.train.run.seed;
  task_options.device = nn::choose_device(context.globals.device);
  task_options.writers = sample_writers(corpus.header().spectrogram);
  const fs::path out(options.out);
  const bool last_phase = task_options.adversarial > 0;
  if (last_phase) {
    task_options.start = out / "vae";
    const fs::path config = task_options.start / "config.json";
    task_options.model =
        models::MelAutoencoderConfig::from_json(read_json_file(config), config.string());
  }
  train::AutoencoderTask task(corpus, task_options);
  const fs::path folder =
      out / "training" / (last_phase ? "autoencoder-adversarial" : "autoencoder");
  run_training(task, trainer_options(options.train, task_options.device, folder, out / "vae"),
               context);
}

}  // namespace

Action add_train_autoencoder(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  auto& losses = options->task.losses;
  options->train.run.steps = 20000;
  add_corpus_and_out(app, options->corpus, options->out);
  app.add_option("--config", options->config,
                 "config.json of the network; none: that of riffle-small")
      ->type_name(kFileType);
  app.add_option("--frames", options->task.frames, "Frames of a window")
      ->check(between(8, 1 << 16))
      ->capture_default_str();
  app.add_option("--latent-noise", options->task.latent_noise,
                 "Most noise the decoder is to bear, in standard deviations of the latents")
      ->check(between(0, 10))
      ->capture_default_str();
  app.add_option("--gradient-loss", losses.gradient, "Weight of the error of differences")
      ->check(between(0, 100))
      ->capture_default_str();
  app.add_option("--scale-loss", losses.scales, "Weight of the error at halves, quarters, eighths")
      ->check(between(0, 100))
      ->capture_default_str();
  app.add_option("--feature-loss", losses.features, "Weight of the error of random features")
      ->check(between(0, 100))
      ->capture_default_str();
  app.add_option("--frequency-loss", losses.frequencies, "Weight of the focal frequency loss")
      ->check(between(0, 100))
      ->capture_default_str();
  app.add_option("--texture-loss", losses.textures, "Weight of the error of local roughness")
      ->check(between(0, 100))
      ->capture_default_str();
  app.add_option("--adversarial", options->task.adversarial,
                 "Above 0, such as 0.5: the last phase, on the autoencoder that lies in OUT. Its "
                 "decoder learns to please a discriminator too, the encoder stays as it is")
      ->check(between(0, 10))
      ->capture_default_str();
  add_train_options(app, options->train);
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
