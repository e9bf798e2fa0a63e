// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/synth_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "core/error.h"
#include "core/parallel.h"
#include "corpus/captions.h"
#include "corpus/random.h"
#include "corpus/renderer.h"
#include "corpus/song_files.h"
#include "corpus/song_parts.h"
#include "shards/shard_writer.h"

namespace riffle::corpus {
namespace {

constexpr double kHeldOutShare = 0.03;
constexpr double kTestShare = 0.06;
constexpr double kValidShare = 0.10;
constexpr double kLeastSounding = 0.35;  // of a segment, or it is left out

uint64_t seed_of_song(uint64_t seed, int64_t number) {
  Random random(seed);
  return Random(random.next() + static_cast<uint64_t>(number)).next();
}

// One renderer a thread at work: they are expensive to make.
class RendererPool {
 public:
  RendererPool(const std::vector<Soundfont>& fonts, int sample_rate)
      : fonts_(fonts), sample_rate_(sample_rate) {}

  std::unique_ptr<Renderer> take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        auto renderer = std::move(idle_.back());
        idle_.pop_back();
        return renderer;
      }
    }
    return std::make_unique<Renderer>(fonts_, sample_rate_);
  }
  void give_back(std::unique_ptr<Renderer> renderer) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(renderer));
  }

 private:
  const std::vector<Soundfont>& fonts_;
  int sample_rate_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Renderer>> idle_;
};

class Synthesis {
 public:
  Synthesis(const std::filesystem::path& out, const SynthOptions& options, const Job& job)
      : options_(options),
        job_(job),
        writer_((check(options), out), header(options)),
        pool_(options.soundfonts, options.spectrogram.sample_rate) {
    for (size_t i = 0; i < options.soundfonts.size(); ++i) {
      const bool held = name_begins_with(options.soundfonts[i].name, options.held_out);
      (held ? held_out_ : usual_).push_back(i);
    }
  }

  SynthReport run() {
    const int64_t shards = (options_.songs + kSongsPerShard - 1) / kSongsPerShard;
    parallel_for(shards, 1, [&](int64_t begin, int64_t end) {
      for (int64_t shard = begin; shard < end; ++shard) make_shard(shard);
    });
    return report_;
  }

 private:
  static void check(const SynthOptions& options) {
    options.spectrogram.validate();
    if (options.spectrogram.stereo) {
      throw Error(ErrorCode::InvalidArgument, "a corpus is mono, the spectrogram is stereo");
    }
    if (options.songs < 1 || options.captions < 1) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("{} songs with {} captions a segment, expected at least one",
                              options.songs, options.captions));
    }
    const bool usual = std::any_of(
        options.soundfonts.begin(), options.soundfonts.end(),
        [&](const Soundfont& font) { return !name_begins_with(font.name, options.held_out); });
    if (!usual) {
      throw Error(ErrorCode::InvalidArgument,
                  "every soundfont is held out for testing: none is left to train on",
                  "install another soundfont, or name fewer with --held-out");
    }
  }

  static shards::CorpusHeader header(const SynthOptions& options) {
    std::vector<std::string> fonts;
    for (const Soundfont& font : options.soundfonts) fonts.push_back(font.name);
    shards::CorpusHeader header;
    header.spectrogram = to_json(options.spectrogram);
    header.rows = options.spectrogram.num_frequencies;
    header.frames_per_event = kColumnFrames;
    header.made_by = {{"command", "synth"},
                      {"seed", options.seed},
                      {"soundfonts", fonts},
                      {"held_out", options.held_out},
                      {"genre", options.compose.genre},
                      {"captions", options.captions},
                      {"stems", options.stems},
                      {"midi", options.midi}};
    return header;
  }

  void make_shard(int64_t shard) {
    const int64_t first = shard * kSongsPerShard;
    const int64_t last = std::min(options_.songs, first + kSongsPerShard);
    const weights::SafetensorsMetadata metadata{{"songs", std::to_string(last - first)}};
    if (const auto there = writer_.find(shard); there && *there == metadata) {
      finish(last - first, 0, 0, 0, true);
      return;
    }
    auto renderer = pool_.take();
    std::vector<shards::NewRecord> records;
    double seconds = 0;
    for (int64_t number = first; number < last; ++number) {
      job_.check();
      const size_t before = records.size();
      make_song(number, *renderer, records);
      for (size_t i = before; i < records.size(); ++i) {
        seconds += static_cast<double>(records[i].record.frames) * frame_s();
      }
    }
    writer_.write(shard, records, metadata, Job{job_.stop, {}});
    pool_.give_back(std::move(renderer));
    finish(last - first, last - first, static_cast<int64_t>(records.size()), seconds, false);
  }

  double frame_s() const {
    return static_cast<double>(options_.spectrogram.hop_length()) /
           options_.spectrogram.sample_rate;
  }

  void make_song(int64_t number, Renderer& renderer,
                 std::vector<shards::NewRecord>& records) const {
    const uint64_t seed = seed_of_song(options_.seed, number);
    const Song song = compose(seed, options_.compose);
    Random random(seed ^ 0x73706c6974ULL);
    const double draw = random.unit();
    const bool held_out = draw < kHeldOutShare && !held_out_.empty();
    const auto fonts = renderer.fitting(song, held_out ? held_out_ : usual_);
    const size_t font = random.pick(fonts);

    const double columns = song.seconds_of(song.ticks()) / frame_s() / kColumnFrames;
    const int64_t frames = kColumnFrames * static_cast<int64_t>(std::ceil(columns - 1e-9));
    const int64_t samples = options_.spectrogram.hop_length() * frames - 1;
    const Rendering rendering = renderer.render(song, font, samples, Job{job_.stop, {}});
    if (options_.stems || options_.midi) {
      write_song_files(writer_.corpus() / "songs" / fmt::format("{:06}", number), song, rendering,
                       {options_.stems, options_.midi}, Job{job_.stop, {}});
    }

    shards::Record common;
    common.song = fmt::format("{:06}", number);
    common.split = draw < kTestShare    ? shards::Split::Test
                   : draw < kValidShare ? shards::Split::Valid
                                        : shards::Split::Train;
    common.frames = frames;
    common.source = "synth";
    common.seed = seed;
    common.maybe_bpm = song.bpm;
    common.beats_per_bar = song.beats_per_bar;
    common.genre = song.genre;
    common.groove = song.groove;
    common.soundfont = rendering.soundfont;
    for (const Rendition& rendition : draw_renditions(song, seed)) {
      add_record(common, song, rendition, rendering, records);
    }
  }

  void add_record(const shards::Record& common, const Song& song, const Rendition& rendition,
                  const Rendering& rendering, std::vector<shards::NewRecord>& records) const {
    const Song part = with_tracks(song, rendition.tracks);
    const char letter = letter_of(records, common.song);
    shards::NewRecord made{common, {}, song_events(part, frame_s(), common.frames)};
    made.record.id = fmt::format("{}-{}", common.song, letter);
    made.record.rendition = rendition.name;
    const bool pitched = std::any_of(part.tracks.begin(), part.tracks.end(),
                                     [](const Track& track) { return !track.drums; });
    if (pitched) {
      made.record.maybe_key = key_name(song.key);
      made.record.maybe_mode = song.mode;
    }
    Random random(song.seed ^ (0x63617074ULL + static_cast<uint64_t>(letter)));
    for (const Span& span : segment_spans(part, frame_s(), common.frames)) {
      const uint64_t seed = random.next();
      if (sounding_share(made.events, span) < kLeastSounding) continue;
      made.record.segments.push_back(segment_of(part, span, pitched, seed));
    }
    if (made.record.segments.empty()) return;
    job_.check();
    audio::Waveform mix = mix_stems(rendering, rendition.tracks);
    apply_bus(mix, rendering.bus);
    const Levels levels = levels_of(mix, options_.spectrogram, Job{job_.stop, {}});
    if (levels.max_value <= 0) return;
    made.levels = levels.levels;
    made.record.max_value = levels.max_value;
    records.push_back(std::move(made));
  }

  shards::Segment segment_of(const Song& part, const Span& span, bool pitched,
                             uint64_t seed) const {
    ExcerptFacts facts = facts_of(part, span.first_tick, span.last_tick);
    if (!pitched) facts.key = -1;
    shards::Segment segment{span.first_frame, span.last_frame, {}, {}, false,
                            facts.genre,      facts.mood};
    segment.captions = captions(facts, seed, options_.captions);
    for (const AudiblePart& audible : facts.parts)
      segment.instruments.push_back(audible.instrument);
    if (!facts.drums.empty()) {
      segment.drums = true;
      segment.instruments.push_back(facts.drums);
    }
    return segment;
  }

  // "a" for the song's first record, "b" for its next, ...
  static char letter_of(const std::vector<shards::NewRecord>& records, const std::string& song) {
    const auto count = std::count_if(records.begin(), records.end(),
                                     [&](const auto& other) { return other.record.song == song; });
    return static_cast<char>('a' + count);
  }

  void finish(int64_t songs, int64_t made, int64_t records, double seconds, bool present) {
    const std::scoped_lock lock(mutex_);
    songs_done_ += songs;
    report_.songs_written += made;
    report_.records_written += records;
    report_.seconds_written += seconds;
    ++(present ? report_.shards_present : report_.shards_written);
    job_.report("songs", songs_done_, options_.songs);
  }

  const SynthOptions& options_;
  const Job& job_;
  shards::ShardWriter writer_;
  RendererPool pool_;
  std::vector<size_t> usual_;
  std::vector<size_t> held_out_;
  std::mutex mutex_;
  int64_t songs_done_ = 0;
  SynthReport report_;
};

}  // namespace

SynthReport synthesize_corpus(const std::filesystem::path& out, const SynthOptions& options,
                              const Job& job) {
  return Synthesis(out, options, job).run();
}

}  // namespace riffle::corpus
