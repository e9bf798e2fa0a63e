// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/band_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "corpus/effects.h"
#include "corpus/random.h"
#include "corpus/theory.h"

namespace riffle::eval {
namespace {

constexpr double kSilence = 1e-4;  // mean power, -40 dB to full scale
constexpr int kTries = 6;
constexpr double kShortestLike_s = 3;
// Another key weighs as much as a tempo a fifth away.
constexpr double kOtherKey = 0.2;

double power_of(const std::vector<float>& samples, int64_t first, int64_t count) {
  double power = 0;
  for (int64_t i = first; i < first + count; ++i) {
    const double x = samples[static_cast<size_t>(i)];
    power += x * x;
  }
  return power / static_cast<double>(std::max<int64_t>(1, count));
}

audio::Waveform cut(const audio::Waveform& sound, int64_t first, int64_t count) {
  const auto begin = sound.samples[0].begin() + first;
  return {sound.sample_rate, {std::vector<float>(begin, begin + count)}};
}

std::vector<ChordSpan> chords_of(const shards::PairSong& song, double from_s) {
  std::vector<ChordSpan> chords;
  for (const shards::PairChord& chord : song.chords) {
    ChordSpan span{.start_s = chord.start_s - from_s, .tones = {}};
    for (const int tone :
         corpus::pitch_classes_of({.tick = 0, .root = chord.root, .quality = chord.quality})) {
      span.tones[static_cast<size_t>(tone)] = true;
    }
    chords.push_back(span);
  }
  return chords;
}

// The longer part of the stem beside the piece.
audio::Waveform elsewhere(const audio::Waveform& sound, int64_t first, int64_t count) {
  const int64_t after = sound.frames() - first - count;
  const bool before = first > after;
  const int64_t begin = before ? 0 : first + count;
  const int64_t length = before ? first : after;
  const auto least = static_cast<int64_t>(kShortestLike_s * sound.sample_rate);
  if (length < least || power_of(sound.samples[0], begin, length) < kSilence) {
    return cut(sound, first, count);
  }
  return cut(sound, begin, length);
}

std::optional<BandItem> item_of(const corpus::PairSource& source, size_t stem, double seconds,
                                corpus::Random& random) {
  const shards::PairSong& song = source.facts;
  if (source.stems.size() < 2 || !song.maybe_bpm) return std::nullopt;
  const audio::Waveform& sound = source.stems[stem];
  const auto count = static_cast<int64_t>(seconds * sound.sample_rate);
  if (sound.frames() < count) return std::nullopt;
  audio::Waveform context{sound.sample_rate, {std::vector<float>(sound.samples[0].size(), 0.0F)}};
  for (size_t i = 0; i < source.stems.size(); ++i) {
    if (i != stem) corpus::add_scaled(context, source.stems[i], 1);
  }
  for (int i = 0; i < kTries; ++i) {
    const auto first =
        static_cast<int64_t>(random.unit() * static_cast<double>(sound.frames() - count));
    const bool sounds = power_of(sound.samples[0], first, count) > kSilence &&
                        power_of(context.samples[0], first, count) > kSilence;
    if (!sounds) continue;
    const double from_s = static_cast<double>(first) / sound.sample_rate;
    return BandItem{.song = song.song,
                    .instrument = song.stems[stem].instrument,
                    .drums = song.stems[stem].drums,
                    .soundfont = song.soundfont,
                    .key = song.maybe_key
                               ? fmt::format("{} {}", *song.maybe_key, song.maybe_mode.value_or(""))
                               : "",
                    .grid = {.bpm = *song.maybe_bpm, .first_beat_s = song.first_beat_s - from_s},
                    .chords = chords_of(song, from_s),
                    .context = cut(context, first, count),
                    .stem = cut(sound, first, count),
                    .like = elsewhere(sound, first, count)};
  }
  return std::nullopt;
}

}  // namespace

std::vector<BandItem> band_items(const corpus::PairSources& songs, const BandItemOptions& options,
                                 const Job& job) {
  std::vector<std::pair<int64_t, int64_t>> with;  // number and stems of songs of the split
  std::vector<BandItem> items;
  corpus::Random random(options.seed);
  const auto add = [&](int64_t number, int64_t turn) {
    job.check();
    for (const corpus::PairSource& source : songs.read(number, Job{job.stop, {}})) {
      const auto stems = static_cast<int64_t>(source.stems.size());
      if (source.facts.split != options.split || turn >= stems) continue;
      if (turn == 0) with.emplace_back(number, stems);
      // Another stem first in each song.
      const auto stem = static_cast<size_t>((number + turn) % stems);
      if (auto item = item_of(source, stem, options.seconds, random)) {
        items.push_back(std::move(*item));
        job.report("songs", static_cast<int64_t>(items.size()), options.count);
      }
      return;
    }
  };
  const auto enough = [&] { return static_cast<int64_t>(items.size()) >= options.count; };
  for (int64_t number = 0; number < songs.count() && !enough(); ++number) {
    if (songs.has(number) && songs.split_of(number) == options.split) add(number, 0);
  }
  int64_t most = 0;
  for (const auto& [number, stems] : with) most = std::max(most, stems);
  for (int64_t turn = 1; turn < most && !enough(); ++turn) {
    const auto again = with;
    for (const auto& [number, stems] : again) {
      if (turn < stems && !enough()) add(number, turn);
    }
  }
  return items;
}

size_t like_tempo_and_key(const std::vector<BandItem>& items, size_t index) {
  size_t best = index;
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].song == items[index].song) continue;
    double distance = std::abs(std::log2(items[i].grid.bpm / items[index].grid.bpm));
    if (items[i].key != items[index].key) distance += kOtherKey;
    if (items[i].drums != items[index].drums)
      distance += 1;  // nobody asks for drums and takes a flute
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

size_t of_another_song(const std::vector<BandItem>& items, size_t index) {
  const size_t count = items.size();
  size_t any = index;
  for (size_t step = count; step-- > 0;) {
    const size_t other = (index + count / 2 + step) % count;
    if (items[other].song != items[index].song) any = other;
  }
  for (size_t step = 0; step < count; ++step) {
    const size_t other = (index + count / 2 + step) % count;
    if (items[other].song != items[index].song && items[other].drums == items[index].drums) {
      return other;
    }
  }
  return any;
}

}  // namespace riffle::eval
