// SPDX-License-Identifier: GPL-3.0-or-later
// riffle eval: what the judges say of a model, of its parts, and of recordings.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audio/read_audio.h"
#include "cli/commands.h"
#include "cli/eval_band.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "eval/judge_model.h"
#include "eval/judge_sound.h"
#include "eval/levels.h"
#include "eval/make_judge.h"
#include "eval/sheet.h"
#include "eval/stages.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;
using Actions = std::map<std::string, Action>;

// How clips are sampled; what is not given is left to the model.
struct SamplingFlags {
  std::string preset;
  std::optional<int64_t> steps;
  std::optional<double> guidance;
  std::vector<std::string> settings;

  void add_to(CLI::App& app) {
    app.add_option("--preset", preset, "fast, balanced or best (default: the model's)")
        ->type_name("NAME");
    app.add_option("--steps", steps, "Steps of the sampler (default: the preset's)");
    app.add_option("--guidance", guidance, "How strictly prompts are followed");
    add_settings(app, settings,
                 "Any field of the requests; with a pipeline before it, of that pipeline's alone: "
                 "cover.strength=0.6");
  }
  Json fields() const {
    Json json = fields_of(settings);
    if (!preset.empty()) json["preset"] = preset;
    if (steps) json["steps"] = *steps;
    if (guidance) json["guidance"] = *guidance;
    return json;
  }
};

eval::Judge open_judge(const std::string& folder) {
  return eval::open_judge(folder.empty() ? eval::find_judge() : fs::path(folder));
}

void add_judge_option(CLI::App& app, std::string& judge) {
  app.add_option("--judge", judge, "Trained judge (default: \"judges\" beside the models)")
      ->type_name(kFolderType);
}

// ---- audio

std::string key_text(const std::vector<eval::KeyGuess>& keys) {
  if (keys.empty()) return "none";
  const auto name = [](const eval::KeyGuess& guess) {
    return fmt::format("{} {}", eval::pitch_name(guess.key.tonic), guess.key.mode);
  };
  return keys.size() == 1 ? name(keys[0]) : fmt::format("{}, or {}", name(keys[0]), name(keys[1]));
}

struct AudioFlags {
  std::vector<std::string> files;
  std::string judge;
};

// The judge asked for, or the one that is there; without one recordings have no tags.
std::optional<eval::Judge> judge_if_any(const std::string& folder) {
  try {
    return open_judge(folder);
  } catch (const Error& e) {
    if (!folder.empty() || e.code() != ErrorCode::NotFound) throw;
    log::info("{}", e.message());
    return {};
  }
}

void judge_files(const AudioFlags& flags, Context& context) {
  const auto judge = judge_if_any(flags.judge);
  const eval::KeyModel keys = judge ? judge->keys : eval::KeyModel::of_ratings();
  OrderedJson files = OrderedJson::array();
  Output& out = context.out;
  const Job inner{context.job.stop, {}};
  for (const std::string& path : flags.files) {
    context.job.check();
    const audio::Waveform sound = audio::read_audio(path, {}, inner);
    const auto verdict = eval::judge_sound(sound, keys, inner);
    out.line("{}", path);
    out.line("  tempo       {:.1f} bpm, sure to {:.0f} %", verdict.tempo.bpm,
             100 * verdict.tempo.confidence);
    out.line("  key         {}", key_text(verdict.keys));
    out.line("  loudness    {:.1f} LUFS, range {:.1f} LU, peak {:.1f} dBTP",
             verdict.loudness.integrated_lufs, verdict.loudness.range_lu,
             verdict.loudness.true_peak_dbtp);
    OrderedJson file = {{"file", path}};
    file.update(eval::to_json(verdict));
    if (judge) {
      const eval::TagVerdict tags = eval::judge_tags(*judge, sound, inner);
      out.line("  instruments {}", tags.instruments.empty()
                                       ? std::string("none it knows")
                                       : fmt::format("{}", fmt::join(tags.instruments, ", ")));
      out.line("  drums       {}", tags.drums ? "yes" : "no");
      out.line("  genre       {}", tags.genre);
      out.line("  steepness   {:.2f} in time, {:.2f} in frequency of the corpus's", tags.blur.time,
               tags.blur.frequency);
      file.update(eval::to_json(tags));
    }
    files.push_back(std::move(file));
    context.job.report("judge", std::ssize(files), std::ssize(flags.files));
  }
  out.document() = {{"files", std::move(files)}};
}

void add_audio(CLI::App& app, Actions& actions) {
  CLI::App* command =
      add_within(app, "audio", "Judge recordings: tempo, key, loudness, instruments");
  const auto flags = std::make_shared<AudioFlags>();
  command->add_option("files", flags->files, "Recordings")->type_name(kFileType)->required();
  add_judge_option(*command, flags->judge);
  actions["audio"] = [flags](Context& context) { judge_files(*flags, context); };
}

// ---- train-judge

struct TrainJudge {
  std::string corpus;
  std::string out;
  eval::MakeJudgeOptions options;
};

void train_judge(const TrainJudge& wanted, Context& context) {
  const shards::ShardReader reader(wanted.corpus, context.job);
  const eval::Judge judge = eval::make_judge(reader, wanted.options, context.job);
  eval::save_judge(judge, wanted.out);
  Output& out = context.out;
  out.line("{}: {} records, {} instruments, {} genres", wanted.out, reader.records().size(),
           judge.tagger->config().instruments.size(), judge.tagger->config().genres.size());
  out.line("right on real held-out music:");
  for (const auto& [name, value] : judge.ceilings) {
    out.line("  {:<28} {:5.1f} %", name, 100 * value);
  }
  out.document() = {{"judge", wanted.out}, {"ceilings", judge.ceilings}};
}

void add_train_judge(CLI::App& app, Actions& actions) {
  CLI::App* command =
      add_within(app, "train-judge", "Teach the judge of instruments, drums and genres");
  const auto wanted = std::make_shared<TrainJudge>();
  eval::TrainTaggerOptions& training = wanted->options.training;
  command->add_option("corpus", wanted->corpus, "Corpus to learn from")
      ->type_name(kFolderType)
      ->required();
  command->add_option("out", wanted->out, "Folder to write the judge to")
      ->type_name(kFolderType)
      ->required();
  command->add_option("--steps", training.steps, "Batches to learn from")
      ->check(between(1, 1000000))
      ->capture_default_str();
  command->add_option("--batch", training.batch, "Windows a batch")
      ->check(between(2, 1024))
      ->capture_default_str();
  command->add_option("--seed", training.seed, "Seed of weights and order")->capture_default_str();
  actions["train-judge"] = [wanted](Context& context) { train_judge(*wanted, context); };
}

// ---- codec, autoencoder

struct StageFlags {
  ModelOptions model;
  std::string corpus;
  std::string judge;
  eval::StagesOptions options;
};

void show_stages(const std::vector<eval::Stage>& stages, Context& context) {
  Output& out = context.out;
  out.line("{:<22} {:>11} {:>10} {:>10} {:>12} {:>10} {:>5}", "real, through", "level error",
           "blur time", "blur freq", "convergence", "tags kept", "n");
  OrderedJson json = OrderedJson::array();
  for (const eval::Stage& stage : stages) {
    out.line("{:<22} {:>11.2f} {:>10.2f} {:>10.2f} {:>12.3f} {:>8.1f} % {:>5}", stage.name,
             stage.level_error, stage.blur_time, stage.blur_frequency, stage.spectral_convergence,
             100 * stage.tag_agreement, stage.count);
    json.push_back(eval::to_json(stage));
  }
  out.document() = {{"stages", std::move(json)}};
}

void add_stage(CLI::App& app, Actions& actions, bool with_model) {
  const char* name = with_model ? "autoencoder" : "codec";
  CLI::App* command =
      add_within(app, name,
                 with_model ? "What real pictures lose in a model's autoencoder and the codec"
                            : "What real pictures lose in the codec between picture and sound");
  const auto flags = std::make_shared<StageFlags>();
  if (with_model) {
    command->add_option("model", flags->model.model, "Model")->type_name("MODEL")->required();
  }
  command->add_option("--corpus", flags->corpus, "Corpus whose test split is used")
      ->type_name(kFolderType)
      ->required();
  add_judge_option(*command, flags->judge);
  command->add_option("--clips", flags->options.clips, "Windows of the test split")
      ->check(between(1, 100000))
      ->capture_default_str();
  command->add_option("--iterations", flags->options.iterations, "Of the codec's phases")
      ->check(between(1, 10000))
      ->capture_default_str();
  actions[name] = [flags, with_model](Context& context) {
    const eval::Judge judge = open_judge(flags->judge);
    const shards::ShardReader corpus(flags->corpus, context.job);
    std::vector<eval::Stage> stages = {
        eval::judge_codec(corpus, judge, flags->options, context.job)};
    if (with_model) {
      const auto model = flags->model.open(context.globals, context.job);
      for (eval::Stage& stage :
           eval::judge_autoencoder(*model, corpus, judge, flags->options, context.job)) {
        stages.push_back(std::move(stage));
      }
    }
    show_stages(stages, context);
  };
}

// ---- sheet

struct SheetFlags {
  ModelOptions model;
  std::string prompts;
  std::string output = "prompt-sheet";
  SamplingFlags sampling;
};

void render_sheet(const SheetFlags& flags, Context& context) {
  const auto sheet =
      flags.prompts.empty()
          ? eval::parse_prompt_sheet(eval::built_in_prompt_sheet(), "prompt sheet")
          : eval::parse_prompt_sheet(read_text_file(flags.prompts, 1 << 20), flags.prompts);
  const fs::path folder = flags.output;
  const auto model = flags.model.open(context.globals, context.job);
  eval::ClipStore store(folder / "clips", *model,
                        eval::mark_of_model(weights::find_model(flags.model.model)));
  const auto files =
      eval::render_sheet(sheet, *model, store, folder, flags.sampling.fields(), context.job);
  context.out.line("{} ({} clips, {} made now)", files.page.string(), files.clips, store.made());
  context.out.line("{}", files.contact_sheet.string());
  context.out.document() = {{"page", files.page.string()},
                            {"contact_sheet", files.contact_sheet.string()},
                            {"clips", files.clips},
                            {"made", store.made()}};
}

void add_sheet(CLI::App& app, Actions& actions) {
  CLI::App* command =
      add_within(app, "sheet", "Render the prompt sheet: a page to listen to and look at");
  const auto flags = std::make_shared<SheetFlags>();
  command->add_option("model", flags->model.model, "Model")->type_name("MODEL")->required();
  command->add_option("--prompts", flags->prompts, "Another sheet (default: the one built in)")
      ->type_name(kFileType);
  command->add_option("-o,--output", flags->output, "Folder to write to")
      ->type_name(kFolderType)
      ->capture_default_str();
  flags->sampling.add_to(*command);
  actions["sheet"] = [flags](Context& context) { render_sheet(*flags, context); };
}

// ---- a model

struct ModelFlags {
  ModelOptions model;
  std::string corpus;
  std::string judge;
  std::string output;
  std::optional<int64_t> clips;
  int64_t seed = 1;
  bool quick = false;
  bool require = false;
  SamplingFlags sampling;
};

void judge_a_model(const ModelFlags& flags, Context& context) {
  if (flags.model.model.empty()) {
    throw Error(ErrorCode::InvalidArgument, "eval: no model was named",
                "riffle eval riffle-small, or riffle eval --help");
  }
  const eval::Judge judge = open_judge(flags.judge);
  std::optional<shards::ShardReader> corpus;
  if (!flags.corpus.empty()) corpus.emplace(flags.corpus, context.job);
  const auto model = flags.model.open(context.globals, context.job);
  eval::JudgeModelOptions options = flags.quick ? eval::quick_options() : eval::JudgeModelOptions{};
  if (flags.clips) options.clips = *flags.clips;
  options.seed = flags.seed;
  options.sampling = flags.sampling.fields();
  const fs::path folder = flags.output.empty() ? fs::path(fmt::format("eval-{}", model->name()))
                                               : fs::path(flags.output);
  eval::ClipStore store(folder / "clips", *model,
                        eval::mark_of_model(weights::find_model(flags.model.model)));
  const eval::Report report =
      eval::judge_model(*model, store, judge, corpus ? &*corpus : nullptr, options, context.job);
  const OrderedJson document = eval::to_json(report);
  write_text_file(folder / "report.json", document.dump(1) + "\n");
  context.out.text(eval::table_of(report));
  context.out.line("{}; clips in {}", (folder / "report.json").string(),
                   (folder / "clips").string());
  context.out.document() = document;
  std::vector<std::string> failed;
  for (const eval::Row& row : report.rows) {
    if (row.failed()) failed.push_back(row.name);
  }
  if (flags.require && !failed.empty()) {
    throw Error(ErrorCode::Unsupported, fmt::format("{} does not reach the bar of: {}",
                                                    report.model, fmt::join(failed, ", ")));
  }
}

Action add_model(CLI::App& app) {
  const auto flags = std::make_shared<ModelFlags>();
  app.add_option("model", flags->model.model, "Model to judge: name, folder or checkpoint")
      ->type_name("MODEL");
  app.add_option("--corpus", flags->corpus, "Corpus to compare latents with")
      ->type_name(kFolderType);
  add_judge_option(app, flags->judge);
  app.add_option("--clips", flags->clips, "Clips to make (default 500; 40 with --quick)")
      ->check(between(2, 100000));
  app.add_flag("--quick", flags->quick, "A look instead of a judgement: few clips");
  app.add_option("--seed", flags->seed, "Seed of the first clip")->capture_default_str();
  app.add_option(
         "-o,--output", flags->output,
         "Folder for clips and report.json; clips there are used again (default: eval-MODEL)")
      ->type_name(kFolderType);
  app.add_flag("--require", flags->require, "Fail when a bar is not reached");
  flags->sampling.add_to(app);
  return [flags](Context& context) { judge_a_model(*flags, context); };
}

}  // namespace

Action add_eval(CLI::App& app) {
  app.require_subcommand(0, 1);
  const auto actions = std::make_shared<Actions>();
  const Action model = add_model(app);
  add_audio(app, *actions);
  add_stage(app, *actions, false);
  add_stage(app, *actions, true);
  add_sheet(app, *actions);
  add_train_judge(app, *actions);
  (*actions)["band"] =
      add_eval_band(*add_within(app, "band", "Judge a model that plays along with other music"));
  return [actions, model, &app](Context& context) {
    const auto chosen = app.get_subcommands();
    if (chosen.empty())
      model(context);
    else
      actions->at(chosen.front()->get_name())(context);
  };
}

}  // namespace riffle::cli
