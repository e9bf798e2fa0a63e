// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/eval_band.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/settings.h"
#include "core/error.h"
#include "core/files.h"
#include "corpus/pair_sources.h"
#include "eval/band_items.h"
#include "eval/band_player.h"
#include "eval/judge.h"
#include "eval/judge_band.h"
#include "eval/report.h"
#include "nn/runtime.h"
#include "pipelines/band_model.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::string model;
  std::string corpus;
  std::string judge;
  std::string output;
  std::optional<int64_t> steps;
  std::vector<std::string> settings;
  eval::BandItemOptions items;
  eval::JudgeBandOptions options;
  bool keep = false;
};

// "48 pieces of held-out songs: 31 FluidR3_GM, 17 MuseScore_General"
std::string pieces_text(const std::vector<eval::BandItem>& items) {
  std::map<std::string, int64_t> fonts;
  for (const auto& item : items) ++fonts[item.soundfont.empty() ? "recorded" : item.soundfont];
  std::vector<std::string> parts;
  for (const auto& [font, count] : fonts) parts.push_back(fmt::format("{} {}", count, font));
  return fmt::format("{} pieces of held-out songs: {}", items.size(), fmt::join(parts, ", "));
}

void run(const Flags& flags, Context& context) {
  const eval::Judge judge =
      eval::open_judge(flags.judge.empty() ? eval::find_judge() : fs::path(flags.judge));
  const auto model = pipelines::open_band_model(
      weights::find_model(flags.model), {.device = nn::choose_device(context.globals.device)});
  const auto songs = corpus::open_pair_sources(
      flags.corpus, {.sample_rate = model->codec().sample_rate()}, context.job);
  const auto items = eval::band_items(*songs, flags.items, context.job);
  Json sampling = fields_of(flags.settings);
  if (flags.steps) sampling["steps"] = *flags.steps;
  const fs::path folder = flags.output.empty() ? fs::path(fmt::format("eval-{}", model->name()))
                                               : fs::path(flags.output);
  eval::JudgeBandOptions options = flags.options;
  if (flags.keep) options.folder = (folder / "pieces").string();
  eval::Report report =
      eval::judge_band(eval::band_player(*model, sampling), items, &judge, options, context.job);
  report.notes.push_back(pieces_text(items));
  const OrderedJson document = eval::to_json(report);
  fs::create_directories(folder);
  write_text_file(folder / "report.json", document.dump(1) + "\n");
  context.out.text(eval::table_of(report));
  context.out.line("{}", (folder / "report.json").string());
  context.out.document() = document;
}

}  // namespace

Action add_eval_band(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("model", flags->model, "Band model to judge: name or folder")
      ->type_name("MODEL")
      ->required();
  app.add_option("corpus", flags->corpus,
                 "Corpus made by riffle corpus synth --stems, or a folder of songs as stems, whose "
                 "test split is used")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--judge", flags->judge, "Trained judge (default: \"judges\" beside the models)")
      ->type_name(kFolderType);
  app.add_option("--pieces", flags->items.count, "Pieces of held-out songs")
      ->check(between(2, 100000))
      ->capture_default_str();
  app.add_option("--seconds", flags->items.seconds, "Of each")
      ->check(between(4, 600))
      ->capture_default_str();
  app.add_option("--steps", flags->steps, "Steps of the sampler (default: the model's)");
  add_settings(app, flags->settings, "Any other field of the sampling: guidance_context=3");
  app.add_option("--seed", flags->options.seed, "Of the first stem")->capture_default_str();
  app.add_option("-o,--output", flags->output,
                 "Folder for report.json and pieces (default: eval-MODEL)")
      ->type_name(kFolderType);
  app.add_flag("--keep", flags->keep, "Write context, stem, true stem and mix of every piece");
  return [flags](Context& context) { run(*flags, context); };
}

}  // namespace riffle::cli
