// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/detail/excerpts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "corpus/detail/stem_stream.h"
#include "corpus/effects.h"
#include "corpus/random.h"
#include "corpus/song_parts.h"
#include "corpus/stem_captions.h"

namespace riffle::corpus::detail {
namespace {

constexpr double kSilenceDb = -60;  // of an excerpt's level: below, it is left out

class Excerpts {
 public:
  Excerpts(const SourceSong& song, size_t number, const FolderOptions& options, const Job& job)
      : song_(song), number_(number), options_(options), job_(job) {
    const int64_t wanted =
        std::llround(options.excerpt_s * 1000 / options.spectrogram.step_size_ms);
    frames_ = std::max(kMinExcerptFrames, wanted - wanted % kColumnFrames);
    common_.song = song.name;
    common_.source = "folder";
    common_.maybe_bpm = song.facts.maybe_bpm;
    common_.maybe_key = song.facts.maybe_key;
    common_.maybe_mode = song.facts.maybe_mode;
    common_.genre = song.facts.genre;
  }

  std::vector<shards::NewRecord> make() {
    std::vector<StemStream> parts;
    const int rate = options_.spectrogram.sample_rate;
    if (song_.stems.empty()) parts.emplace_back(std::vector{song_.recording}, rate);
    for (const SourceStem& stem : song_.stems) parts.emplace_back(stem.files, rate);
    const int64_t hop = options_.spectrogram.hop_length();
    int64_t longest = 0;
    for (int64_t excerpt = 0;; ++excerpt) {
      job_.check();
      std::vector<audio::Waveform> sounds = read_stems(parts, hop * frames_);
      int64_t length = sounds[0].frames();
      longest = std::max(longest, length);
      const bool last = length < hop * frames_;
      // One sample less, or the frame that begins the next excerpt would be this one's last too.
      if (!last) --length;
      for (auto& sound : sounds) sound.samples[0].resize(static_cast<size_t>(length), 0.0F);
      if (options_.spectrogram.frames_of(length) >= kMinExcerptFrames && length > 0) {
        add(sounds, excerpt);
      }
      if (last) break;
    }
    if (records_.empty()) {
      const double seconds = static_cast<double>(longest) / rate;
      const double needed =
          static_cast<double>(kMinExcerptFrames) * static_cast<double>(hop) / rate;
      throw Error(ErrorCode::BadFile,
                  seconds < needed
                      ? fmt::format("{:.2f} s long, expected at least {:.2f} s", seconds, needed)
                      : std::string("silent throughout"));
    }
    return std::move(records_);
  }

 private:
  void add(const std::vector<audio::Waveform>& sounds, int64_t excerpt) {
    if (song_.stems.empty()) {
      shards::Segment segment{.captions = song_.facts.captions,
                              .instruments = song_.facts.instruments,
                              .drums = song_.facts.drums,
                              .genre = song_.facts.genre,
                              .mood = song_.facts.mood};
      add_record(sounds[0], fmt::format("{:06}-{:03}", number_, excerpt), "mix",
                 std::move(segment));
      return;
    }
    add_mixtures(sounds, excerpt);
  }

  // The song as the renditions see it.
  Song as_tracks() const {
    Song song;
    for (const SourceStem& stem : song_.stems) {
      const std::string role = stem.bass ? "bass" : stem.vocals ? "lead" : "chords";
      song.tracks.push_back({.instrument = stem.word.empty() ? "other" : stem.word,
                             .role = stem.drums ? "drums" : role,
                             .drums = stem.drums});
    }
    return song;
  }

  void add_mixtures(const std::vector<audio::Waveform>& sounds, int64_t excerpt) {
    std::vector<bool> active;
    for (const auto& sound : sounds) active.push_back(is_active(sound));
    Random random(Random(options_.seed + number_).next() + static_cast<uint64_t>(excerpt));
    std::set<std::vector<int>> made;
    char letter = 'a';
    for (const Rendition& rendition : draw_renditions(as_tracks(), random.next())) {
      std::vector<int> sounding;
      for (const int track : rendition.tracks) {
        if (active[static_cast<size_t>(track)]) sounding.push_back(track);
      }
      if (sounding.empty() || !made.insert(sounding).second) continue;
      StemFacts facts{.words = {}, .genre = song_.facts.genre};
      audio::Waveform mix{sounds[0].sample_rate,
                          {std::vector<float>(sounds[0].samples[0].size(), 0.0F)}};
      for (const int track : rendition.tracks) {
        add_scaled(mix, sounds[static_cast<size_t>(track)], 1);
      }
      for (const int track : sounding) {
        const SourceStem& stem = song_.stems[static_cast<size_t>(track)];
        facts.drums = facts.drums || stem.drums;
        facts.bass = facts.bass || stem.bass;
        facts.unnamed = facts.unnamed || stem.word.empty();
        const bool new_word =
            !stem.word.empty() &&
            std::find(facts.words.begin(), facts.words.end(), stem.word) == facts.words.end();
        if (new_word) facts.words.push_back(stem.word);
      }
      shards::Segment segment{.captions = stem_captions(facts, random.next(), options_.captions),
                              .instruments = facts.words,
                              .drums = facts.drums,
                              .genre = song_.facts.genre,
                              .mood = song_.facts.mood};
      add_record(mix, fmt::format("{:06}-{:03}-{}", number_, excerpt, letter++), rendition.name,
                 std::move(segment));
    }
  }

  void add_record(const audio::Waveform& sound, std::string id, std::string rendition,
                  shards::Segment segment) {
    if (active_level_db(sound) < kSilenceDb) return;
    const Levels levels = levels_of(sound, options_.spectrogram, job_);
    shards::NewRecord made{common_, levels.levels, {}};
    made.record.id = std::move(id);
    made.record.rendition = std::move(rendition);
    made.record.frames = levels.levels.size(1);
    made.record.max_value = levels.max_value;
    segment.last_frame = made.record.frames;
    made.record.segments.push_back(std::move(segment));
    records_.push_back(std::move(made));
  }

  const SourceSong& song_;
  size_t number_;
  const FolderOptions& options_;
  const Job& job_;
  int64_t frames_ = 0;
  shards::Record common_;
  std::vector<shards::NewRecord> records_;
};

}  // namespace

std::vector<shards::NewRecord> excerpts_of(const SourceSong& song, size_t number,
                                           const FolderOptions& options, const Job& job) {
  return Excerpts(song, number, options, job).make();
}

}  // namespace riffle::corpus::detail
