// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/pair_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "audio/read_audio.h"
#include "core/error.h"
#include "corpus/captions.h"
#include "corpus/detail/splits.h"
#include "corpus/detail/stem_stream.h"
#include "corpus/song_files.h"
#include "corpus/source_songs.h"
#include "corpus/stem_captions.h"
#include "shards/corpus_files.h"
#include "shards/shard_reader.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSongs = 100'000'000;

// Drops stems in which nothing sounds.
std::optional<PairSource> sounding(PairSource source) {
  PairSource kept;
  for (size_t i = 0; i < source.stems.size(); ++i) {
    if (!detail::is_active(source.stems[i])) continue;
    kept.facts.stems.push_back(std::move(source.facts.stems[i]));
    kept.stems.push_back(std::move(source.stems[i]));
  }
  if (kept.stems.empty()) return std::nullopt;
  source.facts.stems = std::move(kept.facts.stems);
  source.stems = std::move(kept.stems);
  return source;
}

// CORPUS/songs/NUMBER as song_files.h writes them. The split is told by the corpus's records.
class SynthSources final : public PairSources {
 public:
  SynthSources(fs::path corpus, const PairSourceOptions& options, const Job& job)
      : folder_(std::move(corpus) / "songs"), options_(options) {
    const shards::ShardReader reader(folder_.parent_path(), job);
    for (const auto& record : reader.records()) splits_[record.song] = record.split;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      const bool digits =
          !name.empty() && name.size() < 9 &&
          std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c); });
      if (digits) count_ = std::max(count_, int64_t{std::stol(name)} + 1);
    }
    count_ = std::min(count_, kMaxSongs);
  }

  int64_t count() const override { return count_; }

  bool has(int64_t number) const override {
    std::error_code ec;
    return splits_.contains(name_of(number)) &&
           fs::exists(folder_ / name_of(number) / kSongFile, ec);
  }

  shards::Split split_of(int64_t number) const override { return splits_.at(name_of(number)); }

  std::vector<PairSource> read(int64_t number, const Job& job) const override {
    if (!has(number)) return {};
    const fs::path song = folder_ / name_of(number);
    const fs::path path = song / kSongFile;
    const Json json = read_json_file(path);
    const std::string where = path.string();
    PairSource source{.facts = facts_of_song(json, number, where), .stems = {}};
    for (const SongTrack& track : tracks_of_song(json, song)) {
      job.check();
      source.facts.stems.push_back(stem_of(json, track, number, where));
      source.stems.push_back(audio::read_audio(
          track.file, {.maybe_sample_rate = options_.sample_rate, .maybe_channels = 1}, job));
    }
    auto kept = sounding(std::move(source));
    if (!kept) return {};
    return {std::move(*kept)};
  }

 private:
  static std::string name_of(int64_t number) { return fmt::format("{:06}", number); }

  shards::PairSong facts_of_song(const Json& json, int64_t number, const std::string& where) const {
    shards::PairSong facts;
    facts.id = name_of(number);
    facts.song = facts.id;
    facts.split = splits_.at(facts.id);
    facts.source = "synth";
    facts.maybe_bpm = json_get<double>(json, "bpm", where);
    facts.beats_per_bar = json_get<int>(json, "beats_per_bar", where);
    facts.maybe_key = key_name(json_get<int>(json, "key", where));
    facts.maybe_mode = json_get<std::string>(json, "mode", where);
    facts.genre = json_get<std::string>(json, "genre", where);
    facts.soundfont = json_get_or<std::string>(json, "soundfont", "", where);
    if (!json.contains("chords") || !json.at("chords").is_array()) return facts;
    for (const Json& chord : json.at("chords")) {
      facts.chords.push_back({.start_s = json_get<double>(chord, "start_s", where),
                              .root = json_get<int>(chord, "root", where),
                              .quality = json_get<std::string>(chord, "quality", where)});
    }
    return facts;
  }

  shards::PairStem stem_of(const Json& song, const SongTrack& track, int64_t number,
                           const std::string& where) const {
    shards::PairStem stem{
        .instrument = track.instrument, .role = track.role, .drums = track.drums, .captions = {}};
    ExcerptFacts told{.genre = json_get<std::string>(song, "genre", where),
                      .mood = json_get_or<std::string>(song, "mood", "", where),
                      .bpm = json_get<double>(song, "bpm", where),
                      .beats_per_bar = json_get<int>(song, "beats_per_bar", where)};
    if (stem.drums) {
      told.drums = stem.instrument;
    } else {
      told.key = json_get<int>(song, "key", where);
      told.mode = json_get<std::string>(song, "mode", where);
      told.parts = {{.instrument = stem.instrument, .role = stem.role}};
    }
    const std::string file = track.file.filename().string();
    stem.captions =
        captions(told, detail::hash_of(fmt::format("{}/{}", name_of(number), file)) ^ options_.seed,
                 options_.captions);
    return stem;
  }

  fs::path folder_;
  PairSourceOptions options_;
  std::map<std::string, shards::Split> splits_;
  int64_t count_ = 0;
};

class FolderSources final : public PairSources {
 public:
  FolderSources(const fs::path& folder, const PairSourceOptions& options, const Job& job)
      : options_(options), source_(read_source_folder(folder, std::string("music"), job)) {
    if (source_.layout == "recordings") {
      throw Error(
          ErrorCode::BadFile,
          fmt::format("{}: recordings of whole mixes, expected songs as stems", folder.string()),
          "a folder a song, with a file a stem, as MUSDB18-HQ, MoisesDB or Slakh2100 have "
          "them; or riffle corpus synth --stems");
    }
    splits_ =
        detail::splits_of(source_.songs, {options.valid_share, options.test_share, options.seed});
  }

  int64_t count() const override { return static_cast<int64_t>(source_.songs.size()); }
  bool has(int64_t number) const override { return number >= 0 && number < count(); }
  shards::Split split_of(int64_t number) const override {
    return splits_.at(static_cast<size_t>(number));
  }

  std::vector<PairSource> read(int64_t number, const Job& job) const override {
    const SourceSong& song = source_.songs.at(static_cast<size_t>(number));
    std::vector<detail::StemStream> streams;
    for (const SourceStem& stem : song.stems) {
      streams.emplace_back(stem.files, options_.sample_rate);
    }
    const auto length = static_cast<int64_t>(options_.excerpt_s * options_.sample_rate);
    std::vector<PairSource> excerpts;
    for (int64_t excerpt = 0;; ++excerpt) {
      job.check();
      PairSource source{.facts = facts_of_song(number, excerpt),
                        .stems = detail::read_stems(streams, length)};
      const int64_t got = source.stems.at(0).frames();
      // What remains at the end is kept where it is half an excerpt at least, or all there is.
      if (got > 0 && (got * 2 >= length || excerpt == 0)) {
        if (auto kept = sounding(std::move(source))) excerpts.push_back(std::move(*kept));
      }
      if (got < length) return excerpts;
    }
  }

 private:
  shards::PairSong facts_of_song(int64_t number, int64_t excerpt) const {
    const SourceSong& song = source_.songs[static_cast<size_t>(number)];
    shards::PairSong facts;
    facts.id = fmt::format("{:06}-{:03}", number, excerpt);
    facts.song = song.name;
    facts.split = splits_[static_cast<size_t>(number)];
    facts.source = "folder";
    facts.maybe_bpm = song.facts.maybe_bpm;
    facts.maybe_key = song.facts.maybe_key;
    facts.maybe_mode = song.facts.maybe_mode;
    facts.genre = song.facts.genre;
    for (const SourceStem& stem : song.stems) {
      shards::PairStem made{.instrument = stem.word,
                            .role = stem.drums    ? "drums"
                                    : stem.bass   ? "bass"
                                    : stem.vocals ? "lead"
                                                  : "",
                            .drums = stem.drums,
                            .captions = {}};
      StemFacts told{.words = {}, .genre = song.facts.genre};
      if (!stem.word.empty()) told.words.push_back(stem.word);
      told.drums = stem.drums;
      told.bass = stem.bass;
      told.unnamed = stem.word.empty();
      made.captions = stem_captions(
          told, detail::hash_of(fmt::format("{}/{}", facts.id, stem.word)) ^ options_.seed,
          options_.captions);
      facts.stems.push_back(std::move(made));
    }
    return facts;
  }

  PairSourceOptions options_;
  SourceFolder source_;
  std::vector<shards::Split> splits_;
};

}  // namespace

std::unique_ptr<PairSources> open_pair_sources(const fs::path& folder,
                                               const PairSourceOptions& options, const Job& job) {
  std::error_code ec;
  if (!fs::exists(shards::header_path(folder), ec)) {
    return std::make_unique<FolderSources>(folder, options, job);
  }
  if (!fs::is_directory(folder / "songs", ec)) {
    throw Error(
        ErrorCode::NotFound,
        fmt::format("{}: a corpus without stems: there is no folder songs", folder.string()),
        "make it with riffle corpus synth --stems");
  }
  return std::make_unique<SynthSources>(folder, options, job);
}

}  // namespace riffle::corpus
