// SPDX-License-Identifier: GPL-3.0-or-later
// riffle corpus: training data, composed or from folders of one's own.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/corpus_commands.h"
#include "cli/options.h"
#include "core/parallel.h"
#include "corpus/corpus_summary.h"
#include "corpus/folder_corpus.h"
#include "corpus/soundfonts.h"
#include "corpus/synth_corpus.h"
#include "shards/shard_reader.h"

namespace riffle::cli {
namespace {

void add_jobs_option(CLI::App& app, int& jobs) {
  app.add_option("--jobs", jobs, "Shards at a time; 0 for as many as there are processors")
      ->type_name("N")
      ->check(between(0, 1024))
      ->capture_default_str();
}

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
  app.add_option("--soundfont", asked.soundfonts,
                 "An .sf2 or .sf3 file, or the name of an installed one; may be repeated; none: "
                 "all that are installed")
      ->type_name(kFileType)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--held-out", options.held_out,
                 "Soundfonts whose names begin so are for testing only; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->default_str("MuseScore_General");
  app.add_option("--genre", options.compose.genre, "Only this genre; none: all")->type_name("NAME");
  app.add_flag("--stems", options.stems,
               "Also keep songs/NUMBER/: mix.flac, a FLAC a track, song.json with every fact");
  app.add_flag("--midi", options.midi, "Also keep songs/NUMBER/: song.mid, song.json");
}

struct Build {
  std::string folder;
  std::string out;
  corpus::FolderOptions options;
  std::string caption;
  int jobs = 0;
};

void build(const Build& asked, Context& context) {
  if (asked.jobs > 0) set_thread_count(asked.jobs);
  corpus::FolderOptions options = asked.options;
  if (!asked.caption.empty()) options.maybe_default_caption = asked.caption;
  const auto report = corpus::build_corpus(asked.folder, asked.out, options, context.job);
  OrderedJson refused = OrderedJson::array();
  for (const auto& one : report.refused) {
    context.out.line("refused {}: {}", one.name, one.reason);
    refused.push_back({{"name", one.name}, {"reason", one.reason}});
  }
  context.out.line("{}", asked.out);
  context.out.line("  {} songs ({}), {} records, {:.2f} hours; {} shards made now, {} were there",
                   report.songs, report.layout, report.records, report.seconds / 3600,
                   report.shards_written, report.shards_present);
  context.out.document() = {{"corpus", asked.out},
                            {"layout", report.layout},
                            {"songs", report.songs},
                            {"records", report.records},
                            {"hours", report.seconds / 3600},
                            {"shards_written", report.shards_written},
                            {"shards_present", report.shards_present},
                            {"refused", std::move(refused)}};
}

void add_build_options(CLI::App& app, Build& asked) {
  corpus::FolderOptions& options = asked.options;
  app.add_option("dir,--dir", asked.folder, "Folder of recordings with captions, or of stems")
      ->type_name(kFolderType)
      ->required();
  app.add_option("out,--out", asked.out, "Folder for the corpus; one that is there is continued")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--caption", asked.caption, "Caption of recordings that have none")
      ->type_name("TEXT");
  app.add_option("--excerpt-s", options.excerpt_s,
                 "Longer recordings are cut into excerpts of this")
      ->type_name("SECONDS")
      ->check(between(6, 120))
      ->capture_default_str();
  app.add_option("--valid-share", options.valid_share, "Share of the songs to validate on")
      ->type_name("SHARE")
      ->check(between(0, 0.9))
      ->capture_default_str();
  app.add_option("--test-share", options.test_share, "Share of the songs kept for testing")
      ->type_name("SHARE")
      ->check(between(0, 0.9))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the splits and of the mixtures of stems")
      ->type_name("N")
      ->capture_default_str();
  add_jobs_option(app, asked.jobs);
}

// "funk 12 %, jazz 9 %, ...": the largest parts.
std::string largest(const std::map<std::string, double>& parts, double whole, size_t count) {
  std::vector<std::pair<std::string, double>> rows(parts.begin(), parts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min(count, rows.size()); ++i) {
    text += fmt::format("{}{} {:.0f} %", i > 0 ? ", " : "", rows[i].first,
                        100 * rows[i].second / std::max(whole, 1e-9));
  }
  if (rows.size() > count) text += fmt::format(", and {} more", rows.size() - count);
  return text.empty() ? "none named" : text;
}

OrderedJson hours(const std::map<std::string, double>& seconds) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, value] : seconds) json[name] = value / 3600;
  return json;
}

void print(const corpus::CorpusSummary& summary, Output& out) {
  out.line("  {} records of {} songs in {} shards, {:.2f} hours", summary.records, summary.songs,
           summary.shards, summary.seconds / 3600);
  out.line("  {} segments with {} captions, {:.2f} hours", summary.segments, summary.captions,
           summary.segment_seconds / 3600);
  for (const char* name : {"train", "valid", "test"}) {
    const auto split = summary.splits.find(name);
    if (split == summary.splits.end()) continue;
    out.line("  {:<11} {} records of {} songs, {:.2f} hours", name, split->second.records,
             split->second.songs, split->second.seconds / 3600);
  }
  out.line("  genres      {}", largest(summary.genres, summary.segment_seconds, 12));
  out.line("  instruments {}", largest(summary.instruments, summary.segment_seconds, 12));
  out.line("  drums       {:.0f} %",
           100 * summary.drums_seconds / std::max(summary.segment_seconds, 1e-9));
  out.line("  keys        {}", largest(summary.keys, summary.segment_seconds, 6));
  out.line("  soundfonts  {}", largest(summary.soundfonts, summary.seconds, 8));
  std::string tempi;
  for (const auto& [bpm, records] : summary.tempi) {
    tempi += fmt::format("{}{}: {}", tempi.empty() ? "" : ", ", bpm, records);
  }
  if (!tempi.empty()) out.line("  tempi       records by tens of bpm: {}", tempi);
}

void info(const std::string& path, Context& context) {
  const shards::ShardReader reader(path, context.job);
  const corpus::CorpusSummary summary = corpus::summarize(reader);
  context.out.line("{}", path);
  print(summary, context.out);
  OrderedJson splits = OrderedJson::object();
  for (const auto& [name, split] : summary.splits) {
    splits[name] = {
        {"records", split.records}, {"songs", split.songs}, {"hours", split.seconds / 3600}};
  }
  OrderedJson tempi = OrderedJson::object();
  for (const auto& [bpm, records] : summary.tempi) tempi[std::to_string(bpm)] = records;
  context.out.document() = {{"corpus", path},
                            {"shards", summary.shards},
                            {"records", summary.records},
                            {"songs", summary.songs},
                            {"hours", summary.seconds / 3600},
                            {"segments", summary.segments},
                            {"captions", summary.captions},
                            {"segment_hours", summary.segment_seconds / 3600},
                            {"splits", std::move(splits)},
                            {"genre_hours", hours(summary.genres)},
                            {"instrument_hours", hours(summary.instruments)},
                            {"drums_hours", summary.drums_seconds / 3600},
                            {"key_hours", hours(summary.keys)},
                            {"soundfont_hours", hours(summary.soundfonts)},
                            {"tempo_records", std::move(tempi)},
                            {"records_without_tempo", summary.without_tempo},
                            {"spectrogram", reader.header().spectrogram},
                            {"made_by", reader.header().made_by}};
}

}  // namespace

Action add_corpus(CLI::App& app) {
  app.require_subcommand(1);
  const auto actions = std::make_shared<std::map<std::string, Action>>();

  const auto synthesis = std::make_shared<Synth>();
  add_synth_options(*add_within(app, "synth", "Compose and render songs"), *synthesis);
  (*actions)["synth"] = [synthesis](Context& context) { synth(*synthesis, context); };

  const auto building = std::make_shared<Build>();
  add_build_options(*add_within(app, "build", "Make a corpus of a folder of your own"), *building);
  (*actions)["build"] = [building](Context& context) { build(*building, context); };

  (*actions)["pairs"] =
      add_corpus_pairs(*add_within(app, "pairs", "Encode songs as stems, to train on"));

  const auto corpus = std::make_shared<std::string>();
  add_within(app, "info", "Count what is in a corpus")
      ->add_option("corpus", *corpus, "Folder of the corpus")
      ->type_name(kFolderType)
      ->required();
  (*actions)["info"] = [corpus](Context& context) { info(*corpus, context); };

  return [actions, &app](Context& context) {
    actions->at(app.get_subcommands().front()->get_name())(context);
  };
}

}  // namespace riffle::cli
