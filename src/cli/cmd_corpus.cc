// SPDX-License-Identifier: GPL-3.0-or-later
// riffle corpus: training data, composed or from folders of one's own.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "core/parallel.h"
#include "corpus/soundfonts.h"
#include "corpus/synth_corpus.h"

namespace riffle::cli {
namespace {

struct Synth {
  std::string out;
  corpus::SynthOptions options;
  std::vector<std::string> soundfonts;
  int jobs = 0;
};

void synth(const Synth& asked, Context& context) {
  if (asked.jobs > 0) set_thread_count(asked.jobs);
  corpus::SynthOptions options = asked.options;
  options.soundfonts = corpus::find_soundfonts(asked.soundfonts);
  const auto report = corpus::synthesize_corpus(asked.out, options, context.job);
  context.out.line("{}", asked.out);
  context.out.line(
      "  {} songs, {} records, {:.2f} hours made now in {} shards; {} shards were there",
      report.songs_written, report.records_written, report.seconds_written / 3600,
      report.shards_written, report.shards_present);
  context.out.document() = {{"corpus", asked.out},
                            {"songs", report.songs_written},
                            {"records", report.records_written},
                            {"hours", report.seconds_written / 3600},
                            {"shards_written", report.shards_written},
                            {"shards_present", report.shards_present}};
}

void add_jobs_option(CLI::App& app, int& jobs) {
  app.add_option("--jobs", jobs, "Shards at a time; 0 for as many as there are processors")
      ->type_name("N")
      ->check(between(0, 1024))
      ->capture_default_str();
}

void add_synth_options(CLI::App& app, Synth& asked) {
  corpus::SynthOptions& options = asked.options;
  app.add_option("out,--out", asked.out, "Folder for the corpus; one that is there is continued")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--songs", options.songs, "Songs in all")
      ->type_name("N")
      ->check(between(1, 1e8))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Another seed, other songs")
      ->type_name("N")
      ->capture_default_str();
  add_jobs_option(app, asked.jobs);
  app.add_option(
         "--soundfont", asked.soundfonts,
         "An .sf2 or .sf3 file, or the name of an installed one; may be repeated; none: all "
         "that are installed")
      ->type_name(kFileType)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--held-out", options.held_out,
                 "Soundfonts whose names begin so are for testing only; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->capture_default_str();
  app.add_option("--genre", options.compose.genre, "Only this genre; none: all")->type_name("NAME");
}

}  // namespace

Action add_corpus(CLI::App& app) {
  app.require_subcommand(1);
  const auto actions = std::make_shared<std::map<std::string, Action>>();

  const auto synthesis = std::make_shared<Synth>();
  add_synth_options(*add_within(app, "synth", "Compose and render songs"), *synthesis);
  (*actions)["synth"] = [synthesis](Context& context) { synth(*synthesis, context); };

  return [actions, &app](Context& context) {
    actions->at(app.get_subcommands().front()->get_name())(context);
  };
}

}  // namespace riffle::cli
