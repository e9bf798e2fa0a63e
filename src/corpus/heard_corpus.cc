// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/heard_corpus.h"

#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "audio/read_audio.h"
#include "core/error.h"
#include "core/json.h"
#include "core/parallel.h"
#include "corpus/captions.h"
#include "corpus/instruments.h"
#include "corpus/song_files.h"
#include "corpus/stem_captions.h"
#include "shards/shard_reader.h"
#include "shards/shard_writer.h"
#include "shards/wave_levels.h"
#include "text/music_terms.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSongsPerShard = 32;
constexpr double kLeastAmplitude = 1e-6;
constexpr int kStemCaptions = 4;  // of them, in the words of stem_captions.h

// A stem speaks where it is less than so far below its own loudest band, looked at in blocks.
constexpr double kSilenceDb = 45;
constexpr double kBlockSeconds = 0.5;
constexpr int64_t kGapBlocks = 2;   // of silence within a part
constexpr int64_t kPartBlocks = 4;  // at least

struct HeardSong {
  std::string name;
  const shards::Record* mix = nullptr;
};

// The songs the corpus tells of that have files too, by name.
std::vector<HeardSong> songs_of(const shards::ShardReader& reader, const fs::path& corpus,
                                int64_t most) {
  std::vector<HeardSong> songs;
  for (const shards::Record& record : reader.records()) {
    if (record.rendition != "mix") continue;
    if (!fs::exists(corpus / "songs" / record.song / kSongFile)) continue;
    songs.push_back({record.song, &record});
  }
  std::ranges::sort(songs, {}, &HeardSong::name);
  if (songs.empty()) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: no songs with stems", (corpus / "songs").string()),
                "make the corpus with riffle corpus synth --stems");
  }
  if (most > 0 && static_cast<int64_t>(songs.size()) > most) {
    songs.resize(static_cast<size_t>(most));
  }
  return songs;
}

class Listener {
 public:
  Listener(fs::path corpus, const Hearing& hearing, const HearOptions& options,
           double corpus_frame_s)
      : corpus_(std::move(corpus)),
        hearing_(hearing),
        options_(options),
        corpus_frame_s_(corpus_frame_s) {}

  void hear(const HeardSong& song, std::vector<shards::NewRecord>& records, const Job& job) const {
    const fs::path folder = corpus_ / "songs" / song.name;
    const auto tracks = tracks_of_song(read_json_file(folder / kSongFile), folder);
    add_mix(song, folder, records, job);
    size_t number = 0;
    for (const SongTrack& track : tracks) {
      job.check();
      add_stem(song, track, ++number, records, job);
    }
  }

 private:
  double frame_s() const { return static_cast<double>(hearing_.hop) / hearing_.sample_rate; }

  at::Tensor levels_of(const fs::path& file, const Job& job) const {
    audio::ReadAudioOptions read;
    read.maybe_sample_rate = hearing_.sample_rate;
    read.maybe_channels = 1;
    audio::Waveform sound = audio::read_audio(file, read, Job{job.stop, {}});
    if (sound.frames() == 0) return {};
    return hearing_.levels(at::from_blob(sound.samples[0].data(), {sound.frames()}, at::kFloat));
  }

  static shards::Record like(const HeardSong& song, const std::string& part) {
    shards::Record record = *song.mix;
    record.id = fmt::format("{}-{}", song.name, part);
    record.max_value = 1;
    record.segments.clear();
    return record;
  }

  void add_mix(const HeardSong& song, const fs::path& folder,
               std::vector<shards::NewRecord>& records, const Job& job) const {
    const at::Tensor levels = levels_of(folder / "mix.flac", job);
    if (!levels.defined()) return;
    shards::Record record = like(song, "mix");
    record.frames = levels.size(1);
    for (shards::Segment segment : song.mix->segments) {
      const auto at = [&](int64_t frame) {
        return std::min(record.frames, static_cast<int64_t>(static_cast<double>(frame) *
                                                            corpus_frame_s_ / frame_s()));
      };
      segment.first_frame = at(segment.first_frame);
      segment.last_frame = at(segment.last_frame);
      if (segment.last_frame > segment.first_frame) record.segments.push_back(std::move(segment));
    }
    if (!record.segments.empty()) records.push_back({std::move(record), levels, {}});
  }

  void add_stem(const HeardSong& song, const SongTrack& track, size_t number,
                std::vector<shards::NewRecord>& records, const Job& job) const {
    const at::Tensor levels = levels_of(track.file, job);
    if (!levels.defined()) return;
    shards::Record record = like(song, fmt::format("{:02}", number));
    record.rendition = track.instrument + " alone";
    record.frames = levels.size(1);
    shards::Segment segment;
    segment.captions = captions_of(song, track, song.mix->seed + number);
    segment.instruments = {track.instrument};
    segment.drums = track.drums;
    segment.genre = song.mix->genre;
    if (!song.mix->segments.empty()) segment.mood = song.mix->segments.front().mood;
    for (const auto& [first, last] : speaking_parts(levels)) {
      segment.first_frame = first;
      segment.last_frame = last;
      record.segments.push_back(segment);
    }
    if (!record.segments.empty()) records.push_back({std::move(record), levels, {}});
  }

  std::vector<std::string> captions_of(const HeardSong& song, const SongTrack& track,
                                       uint64_t seed) const {
    const shards::Record& mix = *song.mix;
    ExcerptFacts facts;
    facts.genre = mix.genre;
    if (!mix.segments.empty()) facts.mood = mix.segments.front().mood;
    facts.bpm = mix.maybe_bpm.value_or(0);
    facts.beats_per_bar = mix.beats_per_bar;
    if (!track.drums && mix.maybe_key && mix.maybe_mode) {
      facts.key = text::pitch_class_of(*mix.maybe_key).value_or(-1);
      facts.mode = *mix.maybe_mode;
    }
    if (track.drums) {
      facts.drums = track.instrument;
    } else {
      facts.parts.push_back({track.instrument, track.role});
    }
    std::vector<std::string> all =
        captions(facts, seed, std::max(1, options_.captions - kStemCaptions));
    StemFacts stem;
    stem.words = {track.instrument};
    stem.drums = track.drums;
    stem.bass = track.instrument.find("bass") != std::string::npos;
    stem.genre = mix.genre;
    for (std::string& caption : stem_captions(stem, seed, kStemCaptions)) {
      if (std::ranges::find(all, caption) == all.end()) all.push_back(std::move(caption));
    }
    return all;
  }

  // Frames from where to where it sounds.
  std::vector<std::pair<int64_t, int64_t>> speaking_parts(const at::Tensor& levels) const {
    const at::Tensor loudest = hearing_.loudness(levels).contiguous();  // [frames]
    const float* db = loudest.data_ptr<float>();
    const int64_t frames = loudest.size(0);
    const auto block = static_cast<int64_t>(kBlockSeconds / frame_s());
    const double least = loudest.max().item<double>() - kSilenceDb;
    std::vector<std::pair<int64_t, int64_t>> parts;
    int64_t silent = kGapBlocks + 1;
    for (int64_t at = 0; at < frames; at += block) {
      const int64_t end = std::min(frames, at + block);
      const bool speaks = *std::max_element(db + at, db + end) > least;
      if (speaks && silent > kGapBlocks) parts.emplace_back(at, end);
      if (speaks) parts.back().second = end;
      silent = speaks ? 0 : silent + 1;
    }
    std::erase_if(parts,
                  [&](const auto& part) { return part.second - part.first < kPartBlocks * block; });
    return parts;
  }

  fs::path corpus_;
  const Hearing& hearing_;
  const HearOptions& options_;
  double corpus_frame_s_;
};

shards::CorpusHeader header_of(const Hearing& hearing, const HearOptions& options) {
  shards::CorpusHeader header;
  header.spectrogram = hearing.header;
  header.made_by = {{"command", hearing.name + " sounds"}, {"captions", options.captions}};
  header.rows = hearing.rows;
  return header;
}

}  // namespace

Hearing wave_hearing(int sample_rate) {
  return {.name = "waves",
          .sample_rate = sample_rate,
          .hop = 1,
          .header = {{"sample_rate", sample_rate}},
          .rows = shards::kWaveRows,
          .levels = shards::wave_levels,
          .loudness = [](const at::Tensor& levels) {
            return shards::wave_of_levels(levels).abs().clamp_min(kLeastAmplitude).log10() * 20;
          }};
}

fs::path heard_folder(const fs::path& corpus, const Hearing& hearing) {
  return corpus / hearing.name;
}

HearReport hear_corpus(const fs::path& corpus, const Hearing& hearing, const HearOptions& options,
                       const Job& job) {
  const shards::ShardReader reader(corpus, job);
  const auto songs = songs_of(reader, corpus, options.songs);
  const double frame_s = json_get_or(Json::parse(reader.header().spectrogram.dump()),
                                     "step_size_ms", 20.0, (corpus / "corpus.json").string()) /
                         1000;
  const Listener listener(corpus, hearing, options, frame_s);
  const shards::ShardWriter writer(heard_folder(corpus, hearing), header_of(hearing, options));
  const auto count = static_cast<int64_t>(songs.size());
  const int64_t shard_count = (count + kSongsPerShard - 1) / kSongsPerShard;
  HearReport report;
  std::vector<int64_t> missing;
  const auto size_of = [&](int64_t shard) {
    return std::min(count, (shard + 1) * kSongsPerShard) - shard * kSongsPerShard;
  };
  int64_t present = 0;
  for (int64_t shard = 0; shard < shard_count; ++shard) {
    const auto metadata = writer.find(shard);
    const auto found =
        metadata ? metadata->find("songs") : weights::SafetensorsMetadata::const_iterator{};
    const bool there =
        metadata && found != metadata->end() && found->second == std::to_string(size_of(shard));
    if (there) {
      ++report.shards_present;
      present += size_of(shard);
    } else {
      missing.push_back(shard);
    }
  }
  std::mutex mutex;  // of the counts and the progress
  job.report("hear", present, count);
  parallel_for(static_cast<int64_t>(missing.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t shard = missing[static_cast<size_t>(i)];
      std::vector<shards::NewRecord> records;
      for (int64_t n = 0; n < size_of(shard); ++n) {
        job.check();
        listener.hear(songs[static_cast<size_t>(shard * kSongsPerShard + n)], records, job);
        const std::scoped_lock lock(mutex);
        job.report("hear", present + ++report.songs, count);
      }
      writer.write(shard, records, {{"songs", std::to_string(size_of(shard))}}, job);
      const std::scoped_lock lock(mutex);
      report.sounds += static_cast<int64_t>(records.size());
    }
  });
  report.shards_written = static_cast<int64_t>(missing.size());
  return report;
}

}  // namespace riffle::corpus
