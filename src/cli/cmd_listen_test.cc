// SPDX-License-Identifier: GPL-3.0-or-later
// riffle listen-test: a blind test on one page, and what its listeners said.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/listen_command.h"
#include "cli/options.h"
#include "core/error.h"
#include "eval/listening.h"

namespace riffle::cli {
namespace {

struct Options {
  std::string folder;
  std::string output = "listening-test";
  eval::ListeningPage page;
  std::vector<std::string> scores;
};

void make_page(const Options& options, Context& context) {
  const auto trials = eval::listening_trials(options.folder);
  eval::write_listening_page(trials, options.page, options.output, context.job);
  const auto index = std::filesystem::path(options.output) / "index.html";
  context.out.line("{} ({} passages, {} systems)", index.string(), trials.size(),
                   trials.front().stimuli.size());
  context.out.document() = {{"page", index.string()},
                            {"trials", trials.size()},
                            {"systems", trials.front().stimuli.size()}};
}

void show_scores(const Options& options, Context& context) {
  std::vector<eval::ListeningScore> scores;
  for (const std::string& file : options.scores) {
    for (auto& score : eval::read_listening_scores(file)) scores.push_back(std::move(score));
  }
  OrderedJson rows = OrderedJson::array();
  std::string question;
  for (const auto& row : eval::summarise(scores, options.page.reference)) {
    if (row.question != question) context.out.line("{}", row.question);
    question = row.question;
    context.out.line("  {:<24} {:5.1f} +- {:4.1f}  ({} scores)", row.system, row.mean, row.interval,
                     row.count);
    rows.push_back({{"question", row.question},
                    {"system", row.system},
                    {"mean", row.mean},
                    {"interval", row.interval},
                    {"count", row.count}});
  }
  context.out.document() = {{"scores", std::move(rows)}};
}

void run(const Options& options, Context& context) {
  if (options.folder.empty() == options.scores.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                "listen-test: give a folder of systems to make a page of, or files of scores",
                "for example: riffle listen-test systems/ -o test/");
  }
  if (options.scores.empty()) {
    make_page(options, context);
  } else {
    show_scores(options, context);
  }
}

}  // namespace

Action add_listen_test(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("folder", options->folder,
                 "A folder a system in it, with sounds of the same names in each")
      ->type_name(kFolderType);
  app.add_option("-o,--output", options->output, "Folder to write the page and its sounds to")
      ->type_name(kFolderType)
      ->capture_default_str();
  app.add_option("--question", options->page.questions,
                 "What listeners are asked; may be repeated (default: how good the sound is)")
      ->type_name("TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--reference", options->page.reference,
                 "System that is also played openly; with --scores, who misses it is left out")
      ->type_name("NAME");
  app.add_option("--title", options->page.title, "Title of the page")
      ->type_name("TEXT")
      ->capture_default_str();
  app.add_option("--seed", options->page.seed, "Of the names the sounds are hidden behind")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--scores", options->scores, "Sum up files that listeners saved, may be repeated")
      ->type_name(kFileType);
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
