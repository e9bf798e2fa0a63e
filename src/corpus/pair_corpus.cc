// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/pair_corpus.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "audio/chroma.h"
#include "audio/resample.h"
#include "core/error.h"
#include "core/parallel.h"
#include "corpus/captions.h"
#include "corpus/detail/splits.h"
#include "corpus/effects.h"
#include "corpus/random.h"
#include "shards/pair_reader.h"
#include "shards/pair_writer.h"

namespace riffle::corpus {
namespace {

constexpr double kSilenceDb = -60;       // of a column, to full scale
constexpr double kBelowLoudestDb = -35;  // of a column, to the stem's loudest
constexpr double kShortestPart_s = 3;
constexpr double kLongestPart_s = 10;
constexpr int kTries = 8;  // to draw a part that is not silent

double power_of(const float* samples, int64_t count) {
  double power = 0;
  for (int64_t i = 0; i < count; ++i) power += double{samples[i]} * samples[i];
  return power / static_cast<double>(std::max<int64_t>(1, count));
}

// 1 for each column in which the stem sounds.
std::vector<uint8_t> active_columns(const audio::Waveform& sound, int64_t columns, int64_t hop) {
  std::vector<double> powers;
  double loudest = 0;
  for (int64_t column = 0; column < columns; ++column) {
    const int64_t begin = std::min(sound.frames(), column * hop);
    const int64_t count = std::min(hop, sound.frames() - begin);
    powers.push_back(count > 0 ? power_of(sound.samples[0].data() + begin, count) : 0);
    loudest = std::max(loudest, powers.back());
  }
  const double threshold =
      std::max(std::pow(10, kSilenceDb / 10), loudest * std::pow(10, kBelowLoudestDb / 10));
  std::vector<uint8_t> active;
  for (const double power : powers) active.push_back(power > threshold ? 1 : 0);
  return active;
}

audio::Waveform sum_of(const std::vector<audio::Waveform>& stems, const std::vector<int64_t>& mix) {
  audio::Waveform sum{stems[0].sample_rate, {std::vector<float>(stems[0].samples[0].size(), 0.0F)}};
  for (const int64_t stem : mix) add_scaled(sum, stems[static_cast<size_t>(stem)], 1);
  return sum;
}

// [12, columns].
at::Tensor chroma_of(const audio::Waveform& sound, const LatentEncoder& encoder, int64_t columns,
                     const Job& job) {
  const double column_s =
      static_cast<double>(encoder.samples_per_column) / static_cast<double>(encoder.sample_rate);
  auto heard = audio::notes_heard(sound, column_s, columns, job);
  return at::from_blob(heard.data(), {columns, shards::kPairChromaRows}, at::kFloat)
      .t()
      .to(at::kHalf)
      .contiguous();
}

// Each sound's latents and what is heard in it. The encoder computes on all processors by itself.
std::vector<shards::NewPairSound> encode_all(const std::vector<audio::Waveform>& sounds,
                                             const LatentEncoder& encoder, int64_t columns,
                                             const Job& job) {
  const Job quiet{job.stop, {}};
  std::vector<shards::NewPairSound> made(sounds.size());
  for (size_t i = 0; i < sounds.size(); ++i) {
    job.check();
    made[i].latents = encoder.encode(sounds[i], quiet).to(at::kHalf);
  }
  parallel_for(static_cast<int64_t>(sounds.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      made[i].chroma = chroma_of(sounds[i], encoder, columns, quiet);
    }
  });
  return made;
}

shards::NewPairSong encode(PairSource source, const LatentEncoder& encoder,
                           const PairOptions& options, const Job& job) {
  const auto stems = static_cast<int64_t>(source.stems.size());
  const int64_t hop = encoder.samples_per_column;
  shards::NewPairSong made{.song = std::move(source.facts), .stems = {}, .mixes = {}, .active = {}};
  made.song.columns = (source.stems[0].frames() + hop - 1) / hop;
  made.song.mixes =
      draw_mixes(stems, std::llround(options.mixes_a_stem * static_cast<double>(stems)),
                 detail::hash_of(made.song.id) ^ options.source.seed);
  std::vector<audio::Waveform> mixes;
  for (const auto& mix : made.song.mixes) mixes.push_back(sum_of(source.stems, mix));
  made.stems = encode_all(source.stems, encoder, made.song.columns, job);
  made.mixes = encode_all(mixes, encoder, made.song.columns, job);
  made.active = at::zeros({stems, made.song.columns}, at::kByte);
  for (int64_t i = 0; i < stems; ++i) {
    const auto active =
        active_columns(source.stems[static_cast<size_t>(i)], made.song.columns, hop);
    std::copy(active.begin(), active.end(), made.active[i].data_ptr<uint8_t>());
  }
  return made;
}

// Parts of 3 to 10 seconds in which the stem sounds, where it does so anywhere.
at::Tensor embed_parts(const audio::Waveform& sound, const SoundEmbedder& embedder, int parts,
                       uint64_t seed, const Job& job) {
  audio::Waveform at_rate = audio::resample(sound, embedder.sample_rate, job);
  std::vector<float>& samples = at_rate.samples[0];
  const auto all = static_cast<int64_t>(samples.size());
  const double mean = power_of(samples.data(), all);
  Random random(seed);
  std::vector<at::Tensor> embeddings;
  for (int part = 0; part < parts; ++part) {
    job.check();
    int64_t begin = 0;
    int64_t count = all;
    for (int i = 0; i < kTries; ++i) {
      const double seconds = random.uniform(kShortestPart_s, kLongestPart_s);
      count = std::min(all, static_cast<int64_t>(seconds * embedder.sample_rate));
      begin = static_cast<int64_t>(random.unit() * static_cast<double>(all - count));
      if (power_of(samples.data() + begin, count) > 0.1 * mean) break;
    }
    embeddings.push_back(
        embedder.embed(at::from_blob(samples.data() + begin, {count}, at::kFloat), job));
  }
  return at::stack(embeddings);
}

int key_of(const std::string& name) {
  for (int key = 0; key < 12; ++key) {
    if (key_name(key) == name) return key;
  }
  return -1;
}

// What a song becomes in the cache: itself, and varied where it is to be learned from.
std::vector<PairSource> pieces_of(const PairSources& sources, int64_t number,
                                  const PairOptions& options, const Job& job) {
  std::vector<PairSource> pieces;
  for (PairSource& source : sources.read(number, job)) {
    const bool learned = source.facts.split == shards::Split::Train;
    Random random(detail::hash_of(source.facts.id) ^ options.source.seed);
    pieces.push_back(std::move(source));
    const size_t original = pieces.size() - 1;
    std::vector<int> steps{-3, -2, -1, 1, 2, 3};
    for (int i = 0; learned && i < options.varied && !steps.empty(); ++i) {
      const size_t one = random.index(steps.size());
      pieces.push_back(varied(pieces[original], steps[one], job));
      steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(one));
    }
  }
  return pieces;
}

// Songs by shards.
class ByShard {
 public:
  ByShard(const std::filesystem::path& folder, const PairOptions& options, const Job& job)
      : sources(open_pair_sources(folder, options.source, job)),
        count(options.songs > 0 ? std::min(options.songs, sources->count()) : sources->count()) {}

  int64_t shards() const { return (count + kPairSongsPerShard - 1) / kPairSongsPerShard; }
  std::vector<int64_t> numbers(int64_t shard) const {
    std::vector<int64_t> found;
    const int64_t first = shard * kPairSongsPerShard;
    for (int64_t i = first; i < std::min(count, first + kPairSongsPerShard); ++i) {
      if (sources->has(i)) found.push_back(i);
    }
    return found;
  }

  std::unique_ptr<PairSources> sources;
  int64_t count;
};

// Undefined where nothing is said of the stem.
at::Tensor embed_words(const shards::PairStem& stem, const SoundEmbedder& embedder,
                       const Job& job) {
  std::vector<std::string> sentences = stem.captions;
  const std::string name = stem.drums ? "drums" : stem.instrument;
  if (!name.empty()) sentences.push_back(name);
  if (!embedder.read || sentences.empty()) return {};
  return embedder.read(sentences, job);
}

}  // namespace

std::vector<std::vector<int64_t>> draw_mixes(int64_t stems, int64_t more, uint64_t seed) {
  std::set<std::vector<int64_t>> mixes;
  const auto add = [&](std::vector<int64_t> mix) {
    const auto size = static_cast<int64_t>(mix.size());
    if (size >= 2 && size < stems) mixes.insert(std::move(mix));
  };
  for (int64_t without = 0; without < stems; ++without) {
    std::vector<int64_t> mix;
    for (int64_t i = 0; i < stems; ++i) {
      if (i != without) mix.push_back(i);
    }
    add(std::move(mix));
  }
  Random random(seed);
  for (int64_t i = 0; i < more; ++i) {
    std::vector<int64_t> mix;
    const double share = random.uniform(0.3, 0.8);
    for (int64_t stem = 0; stem < stems; ++stem) {
      if (random.chance(share)) mix.push_back(stem);
    }
    add(std::move(mix));
  }
  return {mixes.begin(), mixes.end()};
}

PairSource varied(const PairSource& source, int semitones, const Job& job) {
  PairSource made{.facts = source.facts, .stems = {}};
  const double faster = std::exp2(semitones / 12.0);
  shards::PairSong& facts = made.facts;
  facts.id += fmt::format("{:+}", semitones);
  if (facts.maybe_bpm) *facts.maybe_bpm *= faster;
  facts.first_beat_s /= faster;
  if (facts.maybe_key) {
    const int key = key_of(*facts.maybe_key);
    facts.maybe_key.reset();
    if (key >= 0) facts.maybe_key = key_name(key + semitones);
  }
  for (shards::PairChord& chord : facts.chords) {
    chord.start_s /= faster;
    chord.root = (chord.root + semitones + 12) % 12;
  }
  for (shards::PairStem& stem : facts.stems) stem.captions.clear();
  for (const audio::Waveform& sound : source.stems) {
    audio::Waveform played = sound;
    played.sample_rate = static_cast<int>(std::lround(sound.sample_rate * faster));
    made.stems.push_back(audio::resample(played, sound.sample_rate, job));
  }
  return made;
}

PairReport make_pairs(const std::filesystem::path& songs, const std::filesystem::path& out,
                      const LatentEncoder& encoder, const PairOptions& options, const Job& job) {
  PairOptions chosen = options;
  chosen.source.sample_rate = encoder.sample_rate;
  const ByShard from(songs, chosen, job);
  const shards::PairWriter writer(out, {.channels = encoder.channels,
                                        .sample_rate = encoder.sample_rate,
                                        .samples_per_column = encoder.samples_per_column,
                                        .autoencoder = encoder.name,
                                        .max_value = encoder.max_value,
                                        .made_by = {{"command", "pairs"},
                                                    {"excerpt_s", chosen.source.excerpt_s},
                                                    {"mixes_a_stem", chosen.mixes_a_stem},
                                                    {"varied", chosen.varied},
                                                    {"captions", chosen.source.captions},
                                                    {"seed", chosen.source.seed}}});
  PairReport report;
  for (int64_t shard = 0; shard < from.shards(); ++shard) {
    const auto numbers = from.numbers(shard);
    const weights::SafetensorsMetadata metadata{{"songs", std::to_string(numbers.size())}};
    if (const auto there = writer.find(shard); there && *there == metadata) {
      ++report.shards_present;
      continue;
    }
    std::vector<shards::NewPairSong> made;
    for (const int64_t number : numbers) {
      job.report("songs", number, from.count);
      try {
        for (PairSource& source : pieces_of(*from.sources, number, chosen, Job{job.stop, {}})) {
          ++report.pieces_written;
          report.seconds_written += source.stems[0].duration_s();
          made.push_back(encode(std::move(source), encoder, chosen, job));
          report.stems_written += static_cast<int64_t>(made.back().stems.size());
          report.mixes_written += static_cast<int64_t>(made.back().mixes.size());
        }
      } catch (const Error& e) {
        if (e.code() != ErrorCode::BadFile && e.code() != ErrorCode::NotFound) throw;
        report.refused.push_back(e.message());
      }
    }
    writer.write(shard, made, metadata, Job{job.stop, {}});
    ++report.shards_written;
    report.songs_written += static_cast<int64_t>(numbers.size());
  }
  job.report("songs", from.count, from.count);
  return report;
}

int64_t embed_pairs(const std::filesystem::path& songs, const std::filesystem::path& out,
                    const SoundEmbedder& embedder, const PairOptions& options, const Job& job) {
  const ByShard from(songs, options, job);
  const shards::PairReader reader(out, job);
  std::map<std::string, const shards::PairSong*> known;
  for (const auto& song : reader.songs()) known[song.id] = &song;
  const weights::SafetensorsMetadata metadata{{"embedder", embedder.name},
                                              {"parts", std::to_string(options.style_parts)},
                                              {"words", embedder.read ? "captions" : "none"}};
  int64_t written = 0;
  for (const int64_t shard : reader.shards()) {
    if (const auto there = shards::find_styles(out, shard); there && *there == metadata) continue;
    std::vector<shards::NewStyles> made;
    for (const int64_t number : from.numbers(shard)) {
      job.report("songs", number, from.count);
      for (const PairSource& source :
           pieces_of(*from.sources, number, options, Job{job.stop, {}})) {
        const std::string& id = source.facts.id;
        // Stems are numbered as they were: a song that has changed since is not to be mixed up.
        if (!known.contains(id) || known[id]->stems.size() != source.stems.size()) continue;
        shards::NewStyles styles{.id = id, .stems = {}, .words = {}};
        for (size_t i = 0; i < source.stems.size(); ++i) {
          styles.stems.push_back(embed_parts(
              source.stems[i], embedder, options.style_parts,
              detail::hash_of(shards::style_name(id, i)) ^ options.source.seed, Job{job.stop, {}}));
          styles.words.push_back(embed_words(source.facts.stems[i], embedder, Job{job.stop, {}}));
        }
        made.push_back(std::move(styles));
      }
    }
    shards::write_styles(out, shard, made, metadata, Job{job.stop, {}});
    ++written;
  }
  job.report("songs", from.count, from.count);
  return written;
}

}  // namespace riffle::corpus
