// SPDX-License-Identifier: GPL-3.0-or-later
// Chords, pads, arpeggios and counter lines.
#include <algorithm>
#include <string>

#include "corpus/parts.h"
#include "corpus/patterns.h"

namespace riffle::corpus {
namespace {

constexpr double kStrumMs = 11;  // between two strings

// A root, its fifth and its octave, low: what a distorted guitar can play without mud.
std::vector<int> power_chord(const Chord& chord, const Register& range) {
  const int root =
      into_range(nearest_key(chord.root, range.lowest + 6), range.lowest, range.highest);
  std::vector<int> keys{root};
  for (const int interval : {7, 12}) {
    if (root + interval <= range.highest) keys.push_back(root + interval);
  }
  if (!holds(chord, root + 7)) keys = {root, root + 12};
  return keys;
}

// The chord as the instrument would hold it, near the last one.
class Hand {
 public:
  Hand(const Score& score, const Instrument& player, const Register& range, int voices)
      : score_(score), range_(range), voices_(voices) {
    power_ = player.word == "distorted guitar";
  }

  const std::vector<int>& at(int64_t tick) {
    const Chord& chord = score_.chord_at(tick);
    if (keys_.empty() || chord.tick != chord_tick_) {
      chord_tick_ = chord.tick;
      keys_ = power_ ? power_chord(chord, range_)
                     : voicing(chord, keys_, std::max(voices_, tones(chord)), range_.centre,
                               range_.lowest, range_.highest);
    }
    return keys_;
  }

 private:
  // All tones of a seventh chord sound, ninths may be missing.
  static int tones(const Chord& chord) {
    return std::min(4, static_cast<int>(intervals_of(chord.quality).size()));
  }

  const Score& score_;
  Register range_;
  int voices_;
  bool power_ = false;
  int64_t chord_tick_ = -1;
  std::vector<int> keys_;
};

void strike(const std::vector<int>& keys, int64_t start, int64_t length, int velocity,
            int64_t spread, bool upwards, Track& track) {
  for (size_t i = 0; i < keys.size(); ++i) {
    const size_t order = upwards ? i : keys.size() - 1 - i;
    const int64_t late = spread * static_cast<int64_t>(order);
    track.notes.push_back({.start = start + late,
                           .length = std::max<int64_t>(length - late, 30),
                           .key = keys[i],
                           .velocity = std::max(velocity - static_cast<int>(2 * order), 20)});
  }
}

std::vector<size_t> figure(size_t tones, Random& random) {
  switch (random.between(0, 5)) {
    case 0: {  // up
      std::vector<size_t> up;
      for (size_t i = 0; i < tones; ++i) up.push_back(i);
      return up;
    }
    case 1: {  // down
      std::vector<size_t> down;
      for (size_t i = tones; i-- > 0;) down.push_back(i);
      return down;
    }
    case 2: {  // up and down
      std::vector<size_t> wave;
      for (size_t i = 0; i < tones; ++i) wave.push_back(i);
      for (size_t i = tones - 1; i-- > 1;) wave.push_back(i);
      return wave;
    }
    case 3:
      return {0, tones - 1, 1, tones - 1};
    case 4:
      return {0, 2, 1, 2};
    default: {
      std::vector<size_t> free;
      for (int i = 0; i < 8; ++i) free.push_back(random.index(tones));
      return free;
    }
  }
}

// The thumb of a player alone: the root low, once or twice a bar, held.
void add_low_roots(const Score& score, const Chord& chord, const Register& range, Track& track) {
  const int64_t end = score.chord_end(chord.tick);
  const int root =
      into_range(nearest_key(chord.root, range.lowest + 5), range.lowest, range.highest);
  for (int64_t tick = chord.tick; tick < end; tick += 2 * kTicksPerBeat) {
    const bool fifth = tick != chord.tick && holds(chord, root + 7) && root + 7 < range.highest;
    strike({fifth ? root + 7 : root}, tick, std::min(2 * kTicksPerBeat, end - tick) * 9 / 10,
           velocity_of(score, 'x'), 0, true, track);
  }
}

}  // namespace

void add_chords(const Score& score, std::string_view style, const Instrument& player,
                const Register& range, Random& random, Track& track) {
  const int beats = score.song.beats_per_bar;
  const bool guitar = player.family == Family::Guitar || player.family == Family::Plucked;
  Hand hand(score, player, range, guitar ? 4 : random.between(3, 4));
  const std::string main = pattern_of(PatternKind::Chords, style, beats, random);
  const std::string turn =
      random.chance(0.35) ? pattern_of(PatternKind::Chords, style, beats, random) : main;
  const int64_t spread = guitar ? score.ticks_of_ms(kStrumMs) : 0;
  for (int64_t bar = 0; bar < score.song.bars; ++bar) {
    const std::string& steps = bar % 4 == 3 ? turn : main;
    const int64_t step = score.bar_ticks() / static_cast<int64_t>(steps.size());
    for (const Hit& hit : hits_of(steps, step)) {
      const int64_t start = bar * score.bar_ticks() + hit.start;
      const int64_t length = std::min(hit.length, score.chord_end(start) - start) * 95 / 100;
      const int velocity = velocity_of(score, hit.sign) - 6;
      if (hit.sign == 'b') {
        const int root = score.chord_at(start).root;
        const int key =
            into_range(nearest_key(root, range.lowest + 6), range.lowest, range.highest);
        strike({key}, start, length, velocity, 0, true, track);
      } else {
        strike(hand.at(start), start, length, velocity, spread, hit.start % (4 * step) < 2 * step,
               track);
      }
      // A chord that changes while a tone is held is struck again.
      const int64_t end = start + hit.length;
      for (int64_t next = score.chord_end(start); next < end && next < score.song.ticks();
           next = score.chord_end(next)) {
        strike(hand.at(next), next, (std::min(score.chord_end(next), end) - next) * 95 / 100,
               velocity, spread, true, track);
      }
    }
  }
}

void add_pad(const Score& score, const Register& range, Random& random, Track& track) {
  std::vector<int> keys;
  const int voices = random.between(3, 4);
  for (const Chord& chord : score.song.chords) {
    keys = voicing(chord, keys, voices, range.centre, range.lowest, range.highest);
    const int64_t end = score.chord_end(chord.tick);
    strike(keys, chord.tick, end - chord.tick - 6, velocity_of(score, 'x') - 16, 0, true, track);
  }
}

void add_arpeggio(const Score& score, const Register& range, bool alone, Random& random,
                  Track& track) {
  const bool quick =
      score.song.bpm < 100 || (score.genre->loose_ticks == 0 && score.song.bpm < 150);
  const int64_t step = quick && random.chance(0.8) ? kTicksPerBeat / 4 : kTicksPerBeat / 2;
  const int voices = random.between(3, 4);
  const std::vector<size_t> order = figure(static_cast<size_t>(voices) + 1, random);
  const bool restart = random.chance(0.7);  // with every chord, or running through
  const int64_t gate = random.chance(0.5) ? step * 9 / 10 : step * 6 / 10;
  const bool bass = alone && random.chance(0.6);
  std::vector<int> keys;
  size_t at = 0;
  for (const Chord& chord : score.song.chords) {
    keys = voicing(chord, keys, voices, range.centre, range.lowest, range.highest - 12);
    if (keys.empty()) continue;
    if (bass) add_low_roots(score, chord, range, track);
    std::vector<int> tones = keys;
    tones.push_back(keys.front() + 12);
    if (restart) at = 0;
    const int64_t end = score.chord_end(chord.tick);
    for (int64_t tick = chord.tick; tick < end; tick += step, ++at) {
      const bool accent = tick % kTicksPerBeat == 0;
      track.notes.push_back(
          {.start = tick,
           .length = std::min(gate, end - tick),
           .key = tones[order[at % order.size()] % tones.size()],
           .velocity = velocity_of(score, accent ? 'x' : 'o') - (accent ? 0 : -14)});
    }
  }
}

void add_counter(const Score& score, const Register& range, Random& random, Track& track) {
  int key = range.centre;
  for (const Chord& chord : score.song.chords) {
    const std::vector<int> classes = pitch_classes_of(chord);
    const size_t number = classes.size() > 3 && random.chance(0.5) ? 3 : 1;
    const int pc = classes[std::min(number, classes.size() - 1)];
    key = into_range(nearest_key(pc, (2 * key + range.centre) / 3), range.lowest, range.highest);
    const int64_t length = score.chord_end(chord.tick) - chord.tick;
    const int64_t rest = random.chance(0.3) ? kTicksPerBeat : 0;
    if (length <= rest) continue;
    track.notes.push_back({.start = chord.tick + rest,
                           .length = (length - rest) * 95 / 100,
                           .key = key,
                           .velocity = velocity_of(score, 'x') - 10});
  }
}

}  // namespace riffle::corpus
