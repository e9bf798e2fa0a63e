// SPDX-License-Identifier: GPL-3.0-or-later
// Melodies: two motifs a bar long, stated, repeated with other tones, varied and closed.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "corpus/parts.h"

namespace riffle::corpus {
namespace {

// A tone of a motif: when, how long, how many steps of the scale above the one before.
struct Tone {
  int64_t start = 0;
  int64_t length = 0;
  int steps = 0;
};
using Motif = std::vector<Tone>;

struct Cell {
  std::string_view steps;  // one beat in sixteenths
  double weight;
  int tones;
};

constexpr std::array<Cell, 9> kCells = {{{"x---", 5, 1},
                                         {"x-x-", 5, 2},
                                         {"----", 3, 0},
                                         {"....", 1.2, 0},
                                         {"--x-", 2, 1},
                                         {"..x-", 1.5, 1},
                                         {"x--x", 1.5, 2},
                                         {"x-xx", 1, 3},
                                         {"xxxx", 0.5, 4}}};

// Busier at high energy, slower in sixteenths at high tempi.
std::string_view draw_cell(const Score& score, Random& random) {
  const double per_second = score.song.bpm / 60;
  const double wanted = (0.9 + 1.8 * score.energy) * 1.6 / per_second;  // tones a beat
  std::array<double, kCells.size()> weights{};
  for (size_t i = 0; i < kCells.size(); ++i) {
    const double off = std::abs(kCells[i].tones - wanted);
    weights[i] = kCells[i].weight / (0.4 + off * off);
  }
  return kCells[random.weighted(weights)].steps;
}

int draw_steps(Random& random) {
  static constexpr std::array<int, 9> kSteps = {-4, -3, -2, -1, 0, 1, 2, 3, 4};
  static constexpr std::array<double, 9> kWeights = {0.3, 0.6, 1.8, 4, 1.5, 4, 1.8, 0.8, 0.4};
  return kSteps[random.weighted(kWeights)];
}

Motif draw_motif(const Score& score, bool opening, Random& random) {
  std::string steps;
  for (int beat = 0; beat < score.song.beats_per_bar; ++beat) steps += draw_cell(score, random);
  if (opening && steps[0] != 'x') steps[0] = 'x';
  Motif motif;
  for (const Hit& hit : hits_of(steps, kTicksPerBeat / 4)) {
    motif.push_back({hit.start, hit.length, draw_steps(random)});
  }
  if (motif.empty()) motif.push_back({0, score.bar_ticks() * 3 / 4, 0});
  return motif;
}

// The close of a phrase: perhaps a step or two, then a long tone.
Motif draw_close(const Score& score, Random& random) {
  const int64_t bar = score.bar_ticks();
  if (random.chance(0.4)) return {{0, bar * 3 / 4, -1}};
  const int64_t half = kTicksPerBeat / 2;
  if (random.chance(0.5)) return {{0, half, 1}, {half, half, -1}, {2 * half, bar - 4 * half, -1}};
  return {{0, kTicksPerBeat, -1}, {kTicksPerBeat, bar - 2 * kTicksPerBeat, 1}};
}

Motif varied(Motif motif, Random& random) {
  for (Tone& tone : motif) {
    if (random.chance(0.3)) tone.steps = draw_steps(random);
  }
  if (motif.size() > 2 && random.chance(0.3)) motif.erase(motif.begin() + 1);
  return motif;
}

class Singer {
 public:
  Singer(const Score& score, const Register& range, int start, bool pentatonic)
      : score_(score), range_(range), key_(start) {
    if (pentatonic) five_ = pentatonic_of(score.song.key, score.song.mode);
    blue_ = score.genre->name == "blues";
  }

  int key() const { return key_; }
  // Goes back to where a phrase began, or somewhere else to begin one.
  void go_to(int key) { key_ = into_range(key, range_.lowest, range_.highest); }

  // Sings a motif at `from`; strong tones fall on the chord, `close` ends on its root or third.
  void sing(const Motif& motif, int64_t from, bool close, Random& random, Track& track) {
    for (size_t i = 0; i < motif.size(); ++i) {
      const Tone& tone = motif[i];
      const int64_t tick = from + tone.start;
      if (tick >= score_.song.ticks()) return;
      const Chord& chord = score_.chord_at(tick);
      move(tone.steps, tick);
      const bool strong = tone.start % (2 * kTicksPerBeat) == 0 || tone.length >= kTicksPerBeat;
      const bool last = close && i + 1 == motif.size();
      if (last) {
        key_ = into_range(nearest_key(closing(chord, random), key_), range_.lowest, range_.highest);
      } else if (strong && !holds(chord, key_)) {
        key_ = nearest_chord_tone(chord);
      }
      const bool passing = !strong && !last && tone.length <= kTicksPerBeat / 2;
      const int key = key_ - (passing && wants_blue_note(random) ? 1 : 0);
      const int swell = (key_ - range_.centre) / 2;
      track.notes.push_back(
          {.start = tick,
           .length = tone.length >= kTicksPerBeat ? tone.length * 9 / 10 : tone.length * 95 / 100,
           .key = key,
           .velocity = std::clamp(velocity_of(score_, strong ? 'X' : 'x') + swell, 30, 124)});
    }
  }

 private:
  void move(int steps, int64_t tick) {
    // Beyond a sixth from the middle it turns back.
    if (key_ > range_.centre + 9 && steps > 0) steps = -steps;
    if (key_ < range_.centre - 9 && steps < 0) steps = -steps;
    const Scale over = score_.scale_at(tick);
    int key = five_.steps.empty() ? over.moved(key_, steps) : five_.moved(key_, steps);
    // The five tones give way where the chord holds a neighbour instead.
    if (!over.contains(key)) key = over.nearest(key);
    key_ = into_range(key, range_.lowest, range_.highest);
  }

  // The minor third on its way to the major one.
  bool wants_blue_note(Random& random) const {
    const bool third = (key_ - score_.song.key - 4) % 12 == 0;
    return blue_ && third && key_ > range_.lowest && random.chance(0.4);
  }

  int nearest_chord_tone(const Chord& chord) const {
    int best = key_;
    int best_distance = 100;
    for (const int pc : pitch_classes_of(chord)) {
      const int key = into_range(nearest_key(pc, key_), range_.lowest, range_.highest);
      if (std::abs(key - key_) < best_distance) {
        best_distance = std::abs(key - key_);
        best = key;
      }
    }
    return best;
  }

  static int closing(const Chord& chord, Random& random) {
    const std::vector<int> classes = pitch_classes_of(chord);
    return random.chance(0.65) ? classes[0] : classes[1];
  }

  const Score& score_;
  Register range_;
  Scale five_{0, {}};
  bool blue_ = false;
  int key_;
};

}  // namespace

void add_melody(const Score& score, const Instrument& player, const Register& range, Random& random,
                Track& track) {
  static constexpr std::string_view kPentatonic[] = {
      "rock", "blues", "funk", "country", "hip hop", "trap", "folk", "world", "metal", "new age"};
  const bool five = std::ranges::find(kPentatonic, score.genre->name) != std::end(kPentatonic) &&
                    score.song.mode != "harmonic minor" && random.chance(0.7);
  Singer singer(score, range, range.centre + random.between(-5, 5), five);
  const Motif first = draw_motif(score, true, random);
  const Motif second = draw_motif(score, false, random);
  Motif close = draw_close(score, random);
  const Motif other_close = draw_close(score, random);
  const bool upbeat = player.sustained && random.chance(0.2);
  const int anchor = singer.key();
  const int higher = random.chance(0.5) ? score.scale.moved(anchor, random.between(2, 4)) : anchor;
  // Machines may repeat two bars for ever.
  if (score.genre->loose_ticks == 0 && random.chance(0.5)) {
    for (int64_t bar = 0; bar < score.song.bars; ++bar) {
      if (bar % 2 == 0) singer.go_to(anchor);
      singer.sing(bar % 2 == 0 ? first : second, bar * score.bar_ticks(), false, random, track);
    }
    return;
  }
  for (int64_t bar = 0; bar < score.song.bars; ++bar) {
    const int64_t from = bar * score.bar_ticks();
    const bool end_of_piece = bar + 1 == score.song.bars;
    if (bar % 4 == 0) singer.go_to(bar % 8 == 0 ? anchor : higher);
    switch (bar % 8) {
      case 0:
      case 4:
        singer.sing(first, from, false, random, track);
        break;
      case 2:
        singer.sing(random.chance(0.6) ? first : varied(first, random), from, false, random, track);
        break;
      case 3:
        singer.sing(other_close, from, !end_of_piece, random, track);
        break;
      case 7:
        singer.sing(close, from, true, random, track);
        break;
      case 6:
        singer.sing(varied(upbeat ? second : first, random), from, false, random, track);
        break;
      default:
        singer.sing(second, from, end_of_piece, random, track);
        break;
    }
  }
}

}  // namespace riffle::corpus
