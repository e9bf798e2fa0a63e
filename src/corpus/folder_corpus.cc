// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/folder_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <set>
#include <system_error>

#include "core/error.h"
#include "core/parallel.h"
#include "corpus/detail/excerpts.h"
#include "corpus/detail/splits.h"
#include "corpus/random.h"
#include "corpus/synth_corpus.h"
#include "shards/shard_writer.h"

namespace riffle::corpus {
namespace {

void add_file(std::string& text, const std::filesystem::path& file) {
  std::error_code ec;
  text += fmt::format("{}:{};", file.filename().string(), std::filesystem::file_size(file, ec));
}

// What the records of these songs depend on.
std::string fingerprint(const std::vector<SourceSong>& songs,
                        const std::vector<shards::Split>& splits, size_t first, size_t last) {
  std::string text;
  for (size_t i = first; i < last; ++i) {
    const SourceSong& song = songs[i];
    const Described& facts = song.facts;
    text += fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|", song.name, shards::name_of(splits[i]),
                        facts.maybe_bpm.value_or(0), facts.maybe_key.value_or(""),
                        facts.maybe_mode.value_or(""), facts.genre, facts.mood, facts.drums);
    for (const auto& caption : facts.captions) text += caption + "|";
    for (const auto& word : facts.instruments) text += word + "|";
    if (song.stems.empty()) add_file(text, song.recording);
    for (const SourceStem& stem : song.stems) {
      text += stem.word + ":";
      for (const auto& file : stem.files) add_file(text, file);
    }
  }
  return fmt::format("{:016x}", detail::hash_of(text));
}

class FolderBuild {
 public:
  FolderBuild(const std::filesystem::path& folder, const std::filesystem::path& out,
              const FolderOptions& options, const Job& job)
      : options_(options),
        job_(job),
        source_((check(options), read_source_folder(folder, options.maybe_default_caption, job))),
        splits_(detail::splits_of(source_.songs, shares_of(options))),
        writer_(out, header(options, source_.layout)) {
    report_.layout = source_.layout;
    report_.refused = source_.refused;
  }

  FolderReport run() {
    const int64_t shards = shard_count();
    parallel_for(shards, 1, [&](int64_t begin, int64_t end) {
      for (int64_t shard = begin; shard < end; ++shard) make_shard(shard);
    });
    writer_.remove_from(shards);
    std::sort(report_.refused.begin(), report_.refused.end(),
              [](const RefusedSource& a, const RefusedSource& b) { return a.name < b.name; });
    if (report_.records == 0) {
      throw Error(
          ErrorCode::BadFile,
          fmt::format("none of {} songs could be used, the first of them: {}: {}",
                      source_.songs.size(), report_.refused.at(0).name, report_.refused[0].reason));
    }
    return report_;
  }

 private:
  static detail::SplitShares shares_of(const FolderOptions& options) {
    return {options.valid_share, options.test_share, options.seed};
  }

  static void check(const FolderOptions& options) {
    options.spectrogram.validate();
    if (options.spectrogram.stereo) {
      throw Error(ErrorCode::InvalidArgument, "a corpus is mono, the spectrogram is stereo");
    }
    if (!(options.excerpt_s >= 6 && options.excerpt_s <= 120)) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("excerpts of {} s, expected 6 to 120", options.excerpt_s));
    }
    if (!(options.valid_share >= 0 && options.test_share >= 0 &&
          options.valid_share + options.test_share < 1)) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("shares of {} for validation and {} for testing leave nothing to "
                              "train on",
                              options.valid_share, options.test_share));
    }
  }

  static shards::CorpusHeader header(const FolderOptions& options, const std::string& layout) {
    shards::CorpusHeader header;
    header.spectrogram = to_json(options.spectrogram);
    header.rows = options.spectrogram.num_frequencies;
    header.made_by = {{"command", "build"},
                      {"layout", layout},
                      {"excerpt_s", options.excerpt_s},
                      {"valid_share", options.valid_share},
                      {"test_share", options.test_share},
                      {"seed", options.seed},
                      {"captions", options.captions}};
    return header;
  }

  int64_t shard_count() const {
    return (static_cast<int64_t>(source_.songs.size()) + kSongsPerShard - 1) / kSongsPerShard;
  }

  void make_shard(int64_t shard) {
    const auto first = static_cast<size_t>(shard * kSongsPerShard);
    const size_t last = std::min(source_.songs.size(), first + static_cast<size_t>(kSongsPerShard));
    const std::string print = fingerprint(source_.songs, splits_, first, last);
    if (const auto there = writer_.find(shard);
        there && there->contains("songs") && there->at("songs") == print) {
      adopt(*there, last);
      return;
    }
    Counts counts;
    std::vector<shards::NewRecord> records;
    for (size_t i = first; i < last; ++i) {
      job_.check();
      try {
        auto made = detail::excerpts_of(source_.songs[i], i, options_, Job{job_.stop, {}});
        for (auto& one : made) {
          one.record.split = splits_[i];
          counts.seconds +=
              static_cast<double>(one.record.frames) * options_.spectrogram.step_size_ms / 1000;
          records.push_back(std::move(one));
        }
        ++counts.songs;
      } catch (const Error& e) {
        if (e.code() == ErrorCode::Cancelled) throw;
        counts.refused.push_back({source_.songs[i].name, e.message()});
      }
    }
    counts.records = static_cast<int64_t>(records.size());
    writer_.write(shard, records, metadata_of(print, counts), Job{job_.stop, {}});
    finish(counts, static_cast<int64_t>(last), false);
  }

  struct Counts {
    int64_t songs = 0;
    int64_t records = 0;
    double seconds = 0;
    std::vector<RefusedSource> refused;
  };

  static weights::SafetensorsMetadata metadata_of(const std::string& print, const Counts& counts) {
    Json refused = Json::array();
    for (const auto& one : counts.refused) {
      refused.push_back({{"name", one.name}, {"reason", one.reason}});
    }
    const Json summary = {{"songs", counts.songs},
                          {"records", counts.records},
                          {"seconds", counts.seconds},
                          {"refused", std::move(refused)}};
    return {{"songs", print},
            {"summary", summary.dump(-1, ' ', false, Json::error_handler_t::replace)}};
  }

  void adopt(const weights::SafetensorsMetadata& metadata, size_t last) {
    const Json summary = parse_json(metadata.at("summary"), "a shard's summary");
    Counts counts{json_get<int64_t>(summary, "songs", "a shard's summary"),
                  json_get<int64_t>(summary, "records", "a shard's summary"),
                  json_get<double>(summary, "seconds", "a shard's summary"),
                  {}};
    for (const Json& one : summary.at("refused")) {
      counts.refused.push_back(
          {one.at("name").get<std::string>(), one.at("reason").get<std::string>()});
    }
    finish(counts, static_cast<int64_t>(last), true);
  }

  void finish(const Counts& counts, int64_t, bool present) {
    const std::scoped_lock lock(mutex_);
    report_.songs += counts.songs;
    report_.records += counts.records;
    report_.seconds += counts.seconds;
    report_.refused.insert(report_.refused.end(), counts.refused.begin(), counts.refused.end());
    ++(present ? report_.shards_present : report_.shards_written);
    job_.report("shards", report_.shards_present + report_.shards_written, shard_count());
  }

  const FolderOptions& options_;
  const Job& job_;
  SourceFolder source_;
  std::vector<shards::Split> splits_;
  shards::ShardWriter writer_;
  std::mutex mutex_;
  FolderReport report_;
};

}  // namespace

FolderReport build_corpus(const std::filesystem::path& folder, const std::filesystem::path& out,
                          const FolderOptions& options, const Job& job) {
  return FolderBuild(folder, out, options, job).run();
}

}  // namespace riffle::corpus
