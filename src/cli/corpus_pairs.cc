// SPDX-License-Identifier: GPL-3.0-or-later
// riffle corpus pairs: songs as stems to what accompaniment models are trained on.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "cli/corpus_commands.h"
#include "cli/options.h"
#include "core/error.h"
#include "corpus/pair_corpus.h"
#include "models/clap.h"
#include "nn/runtime.h"
#include "pipelines/stem_codec.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Pairs {
  std::string songs;
  std::string out;
  std::string model;
  std::string clap;
  corpus::PairOptions options;
};

std::string name_of(const fs::path& folder) {
  const fs::path name = folder.lexically_normal();
  return (name.has_filename() ? name : name.parent_path()).filename().string();
}

corpus::PairReport encode(const Pairs& asked, Context& context) {
  const weights::Bundle bundle = weights::open_bundle(weights::find_model(asked.model));
  const std::shared_ptr<pipelines::StemCodec> codec =
      pipelines::open_stem_codec(bundle, {.device = nn::choose_device(context.globals.device)});
  return corpus::make_pairs(
      asked.songs, asked.out,
      {.name = name_of(asked.model),
       .sample_rate = codec->sample_rate(),
       .samples_per_column = codec->samples_per_column(),
       .channels = codec->channels(),
       .max_value = json_get_or(bundle.spectrogram(), "max_value", double{pipelines::kStemMaxValue},
                                asked.model),
       .encode = [codec](const audio::Waveform& mono,
                         const Job& job) { return codec->encode(mono, job); }},
      asked.options, context.job);
}

int64_t embed(const Pairs& asked, Context& context) {
  const auto clap = std::make_shared<models::Clap>(
      models::Clap::load(asked.clap, nn::choose_device(context.globals.device), context.job));
  return corpus::embed_pairs(
      asked.songs, asked.out,
      {.name = name_of(asked.clap),
       .sample_rate = clap->sample_rate(),
       .embed = [clap](const at::Tensor& mono,
                       const Job& job) { return clap->embed_sound(mono, job); },
       .read = [clap](const std::vector<std::string>& sentences,
                      const Job& job) { return clap->embed_text(sentences, nullptr, job, true); }},
      asked.options, context.job);
}

void pairs(const Pairs& asked, Context& context) {
  if (asked.model.empty() && asked.clap.empty()) {
    throw Error(ErrorCode::InvalidArgument, "neither --model nor --clap is given: nothing to do",
                "--model BUNDLE makes latents with its autoencoder, --clap DIR embeddings");
  }
  context.out.line("{}", asked.out);
  OrderedJson& document = context.out.document();
  document = {{"pairs", asked.out}};
  if (!asked.model.empty()) {
    const corpus::PairReport report = encode(asked, context);
    for (const auto& reason : report.refused) context.out.line("refused {}", reason);
    context.out.line(
        "  {} songs, {} stems, {} mixes, {:.2f} hours encoded now in {} shards; {} were there",
        report.songs_written, report.stems_written, report.mixes_written,
        report.seconds_written / 3600, report.shards_written, report.shards_present);
    document["songs"] = report.songs_written;
    document["stems"] = report.stems_written;
    document["mixes"] = report.mixes_written;
    document["hours"] = report.seconds_written / 3600;
    document["shards_written"] = report.shards_written;
    document["shards_present"] = report.shards_present;
    document["refused"] = report.refused;
  }
  if (!asked.clap.empty()) {
    const int64_t embedded = embed(asked, context);
    context.out.line("  stems of {} shards embedded now", embedded);
    document["shards_embedded"] = embedded;
  }
}

}  // namespace

Action add_corpus_pairs(CLI::App& app) {
  const auto asked = std::make_shared<Pairs>();
  corpus::PairOptions& options = asked->options;
  app.add_option("songs,--songs", asked->songs,
                 "Corpus made by riffle corpus synth --stems, or a folder of songs as stems")
      ->type_name(kFolderType)
      ->required();
  app.add_option("out,--out", asked->out, "Folder for the pairs; one that is there is continued")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--model", asked->model,
                 "Bundle whose autoencoder makes the latents; none: embeddings only")
      ->type_name(kFolderType);
  app.add_option("--clap", asked->clap,
                 "CLAP model that embeds the stems' sound; none: latents only. May be run again "
                 "with another one")
      ->type_name(kFolderType);
  app.add_option("--most-songs", options.songs, "At most so many songs; 0 for all")
      ->type_name("N")
      ->check(between(0, 1e8))
      ->capture_default_str();
  app.add_option("--mixes", options.mixes_a_stem,
                 "Random mixes a stem, beside those of all stems but one")
      ->type_name("N")
      ->check(between(0, 16))
      ->capture_default_str();
  app.add_option("--varied", options.varied,
                 "Of songs to train on, so many times more a few semitones higher or lower, and "
                 "faster or slower")
      ->type_name("N")
      ->check(between(0, 6))
      ->capture_default_str();
  app.add_option("--parts", options.style_parts, "Parts of a stem that are embedded")
      ->type_name("N")
      ->check(between(1, 64))
      ->capture_default_str();
  app.add_option("--excerpt-s", options.source.excerpt_s,
                 "Songs of one's own are cut into excerpts of this")
      ->type_name("SECONDS")
      ->check(between(11, 120))
      ->capture_default_str();
  app.add_option("--valid-share", options.source.valid_share, "Share of the songs to validate on")
      ->type_name("SHARE")
      ->check(between(0, 0.9))
      ->capture_default_str();
  app.add_option("--test-share", options.source.test_share, "Share of the songs kept for testing")
      ->type_name("SHARE")
      ->check(between(0, 0.9))
      ->capture_default_str();
  app.add_option("--seed", options.source.seed, "Of mixes, parts, captions and splits")
      ->type_name("N")
      ->capture_default_str();
  return [asked](Context& context) { pairs(*asked, context); };
}

}  // namespace riffle::cli
