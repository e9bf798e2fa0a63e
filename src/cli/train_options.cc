// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/train_options.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "cli/options.h"
#include "cli/progress_display.h"
#include "core/log.h"
#include "train/c10d_group.h"
#include "train/learning_rate.h"
#include "train/precision.h"

namespace riffle::cli {
namespace {

constexpr double kMost = 1e12;

std::string time_text(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::string numbers_text(const train::NamedNumbers& numbers) {
  std::string text;
  for (const auto& [name, value] : numbers) text += fmt::format("  {} {:.4g}", name, value);
  return text;
}

std::string line_of(const train::TrainReport& report) {
  const std::string head = fmt::format("step {} of {}", report.step, report.steps);
  if (!report.validation.empty()) {
    return head + "  validation:" + numbers_text(report.validation);
  }
  return head + numbers_text(report.losses) +
         fmt::format("  {:.1f} samples/s  {} left", report.samples_per_s, time_text(report.eta_s));
}

OrderedJson to_json(const train::NamedNumbers& numbers) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [name, value] : numbers) object[name] = value;
  return object;
}

}  // namespace

void add_corpus_and_out(CLI::App& app, std::string& corpus, std::string& out) {
  app.add_option("corpus", corpus, "Folder that riffle corpus made")
      ->type_name(kFolderType)
      ->required();
  app.add_option("out", out, "Folder of the model; the run is kept in it too")
      ->type_name(kFolderType)
      ->required();
}

void add_train_options(CLI::App& app, TrainOptions& options) {
  train::TrainerOptions& run = options.run;
  app.add_option("--steps", run.steps, "Updates of the whole run")
      ->check(between(1, kMost))
      ->capture_default_str();
  app.add_option("--batch", run.batch, "Samples at once, over all processes")
      ->check(between(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--accumulate", run.accumulate, "Batches an update")
      ->check(between(1, 1 << 16))
      ->capture_default_str();
  app.add_option("--learning-rate", run.rate.peak, "At its peak")
      ->check(between(1e-9, 10))
      ->capture_default_str();
  app.add_option("--warm-up", run.rate.warm_up_steps, "Updates until the peak is reached")
      ->check(between(0, kMost))
      ->capture_default_str();
  add_choice(app, "--schedule", options.rate_shape, {"constant", "cosine"},
             "Of the learning rate after that");
  app.add_option("--decay", run.rate.decay,
                 "The share of the run in which a constant rate goes down to nothing")
      ->check(between(0, 1))
      ->capture_default_str();
  add_choice(app, "--average", options.average, {"power", "fixed"},
             "How the weights are averaged over the run");
  app.add_option("--average-width", run.average.relative_width,
                 "Power: width of the average, as a share of the run")
      ->check(between(0.001, 0.28))
      ->capture_default_str();
  app.add_option("--average-decay", run.average.decay, "Fixed: what the average keeps of itself")
      ->check(between(0, 1))
      ->capture_default_str();
  app.add_option("--clip", run.clip_norm, "Longest the gradient may be; 0: as it is")
      ->check(between(0, kMost))
      ->capture_default_str();
  add_choice(app, "--precision", options.precision, {"auto", "float32", "bfloat16", "float16"},
             "Of products; auto: bfloat16 where the processor or CUDA device is faster so");
  app.add_option("--seed", run.seed, "Of everything that is left to chance")->capture_default_str();
  app.add_option("--max-minutes", run.max_minutes,
                 "Stop after so long, to go on another time; 0: at the end of the run")
      ->check(between(0, kMost))
      ->capture_default_str();
  app.add_option("--checkpoint-minutes", run.checkpoint_minutes, "Between checkpoints")
      ->check(between(0, kMost))
      ->capture_default_str();
  app.add_option("--log-every", run.log_every, "Updates between lines of the log")
      ->check(between(0, kMost))
      ->capture_default_str();
  app.add_option("--validate-every", run.validate_every, "Updates between validations; 0: none")
      ->check(between(0, kMost))
      ->capture_default_str();
  app.add_option("--samples-every", run.samples_every, "Updates between samples; 0: none")
      ->check(between(0, kMost))
      ->capture_default_str();
  run.channels_last = true;  // a tenth to a seventh faster on the CPU, more on CUDA
  app.add_flag(
      "--channels-last,!--contiguous", run.channels_last,
      "How convolution kernels lie in memory: channels last (the default), or as in files");
  app.add_flag("--restart", run.restart, "Begin anew, though there are checkpoints");
}

text::WordVocabulary vocabulary_of_run(const std::filesystem::path& folder, bool restart,
                                       const std::function<text::WordVocabulary()>& build) {
  if (!restart && text::WordVocabulary::is_in(folder)) return text::WordVocabulary::load(folder);
  auto vocabulary = build();
  vocabulary.save(folder);
  return vocabulary;
}

void add_hearing_options(CLI::App& app, int64_t& songs, bool& hear_only) {
  app.add_option("--songs", songs, "Hear at most so many songs of the corpus; 0: all")
      ->check(between(0, 1e9))
      ->capture_default_str();
  app.add_flag("--hear-only", hear_only, "Hear the corpus, which is done once, and do not train");
}

void tell_heard(const std::filesystem::path& folder, size_t sounds, Context& context) {
  context.out.line("{}: {} sounds", folder.string(), sounds);
  context.out.document() = {{"folder", folder.string()}, {"sounds", sounds}};
}

train::TrainerOptions trainer_options(const TrainOptions& options, at::Device device,
                                      const std::filesystem::path& folder,
                                      const std::filesystem::path& model) {
  train::TrainerOptions run = options.run;
  run.folder = folder;
  run.model = model;
  run.device = device;
  run.precision = train::precision_from_name(options.precision, device);
  run.rate.shape = train::rate_shape_from_name(options.rate_shape);
  run.average.profile = options.average == "fixed" ? train::WeightAverage::Profile::Fixed
                                                   : train::WeightAverage::Profile::Power;
  return run;
}

void run_training(train::Task& task, const train::TrainerOptions& options, Context& context) {
  const auto group = train::join_group(train::group_from_environment(), options.device);
  train::Trainer trainer(task, options, group.get());
  for (const std::string& note : trainer.notes()) log::warn("{}", note);
  const auto say = [&](const std::string& line) {
    if (context.globals.quiet) return;
    ProgressDisplay::clear_active();
    fmt::print(stderr, "{}\n", line);
    std::fflush(stderr);
  };
  say(fmt::format("{}: {} parameters, step {} of {}", options.folder.string(),
                  trainer.parameters().count(), trainer.step(), options.steps));
  const train::TrainResult result =
      trainer.run(context.job, [&](const train::TrainReport& report) { say(line_of(report)); });
  context.out.line("{}: step {} of {}{}, {} in {}, {:.1f} samples/s", options.folder.string(),
                   result.step, options.steps, result.finished ? "" : " (to be continued)",
                   result.step - result.first_step, time_text(result.seconds),
                   result.samples_per_s);
  if (!result.validation.empty()) {
    context.out.line("validation:{}", numbers_text(result.validation));
  }
  if (!options.model.empty()) context.out.line("{}", options.model.string());
  context.out.document() = {{"run", options.folder.string()},
                            {"model", options.model.string()},
                            {"first_step", result.first_step},
                            {"step", result.step},
                            {"steps", options.steps},
                            {"finished", result.finished},
                            {"seconds", result.seconds},
                            {"samples_per_s", result.samples_per_s},
                            {"validation", to_json(result.validation)}};
}

}  // namespace riffle::cli
