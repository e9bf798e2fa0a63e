// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/expression.h"

#include <algorithm>
#include <cmath>

#include "corpus/instruments.h"

namespace riffle::corpus {
namespace {

constexpr int kSemitone = 4096;  // of pitch bend, whose range is two semitones
constexpr int kPlain = 100;      // expression where nothing happens
constexpr int64_t kStep = 60;    // ticks between two controls of a curve

void set(Track& track, int64_t tick, int controller, int value) {
  track.controls.push_back({tick, controller, value});
}

// A straight line of controls, both ends included.
void ramp(Track& track, int controller, int64_t from, int64_t to, int start, int end) {
  const int64_t steps = std::max<int64_t>((to - from) / kStep, 1);
  for (int64_t i = 0; i <= steps; ++i) {
    const auto value = static_cast<int>(start + (end - start) * i / steps);
    set(track, from + (to - from) * i / steps, controller, value);
  }
}

bool is_mono(const Instrument& player) { return player.sustained && !player.chords; }

// Loud in the middle and fading, as a bow or a breath does it; short tones stay plain.
void swell(const Score& score, const Note& note, double depth, Track& track) {
  if (note.length < score.ticks_of_ms(450)) return set(track, note.start, kExpression, 104);
  const auto low = static_cast<int>(kPlain - 45 * depth);
  const int64_t peak = note.start + note.length * 2 / 5;
  ramp(track, kExpression, note.start, peak, low, 118);
  ramp(track, kExpression, peak + kStep, note.start + note.length, 118,
       static_cast<int>(kPlain - 25 * depth));
}

// Comes late and grows.
void vibrato(const Score& score, const Note& note, int depth, Track& track) {
  const int64_t late = score.ticks_of_ms(180);
  set(track, note.start, kModulation, 0);
  if (note.length < 2 * late) return;
  ramp(track, kModulation, note.start + late, note.start + note.length * 2 / 3, depth / 3, depth);
}

// From below up to the tone.
void bend(const Score& score, const Note& note, int depth, double ms, Track& track) {
  const int64_t length = std::min(score.ticks_of_ms(ms), note.length / 2);
  if (length < 4) return;
  for (int i = 0; i <= 6; ++i) {
    set(track, note.start + length * i / 6, kPitchBend, -depth + depth * i / 6);
  }
}

void sing(const Score& score, const Instrument& player, Random& random, Track& track) {
  const bool bowed = player.family == Family::Strings;
  const bool swells = player.family != Family::Synth && random.chance(0.85);
  const double depth = random.uniform(0.4, 1.0);
  const int shake = random.chance(0.8) ? random.between(25, bowed ? 80 : 60) : 0;
  const bool slides = !bowed && player.family != Family::Flute && random.chance(0.5);
  for (const Note& note : track.notes) {
    if (swells) swell(score, note, depth, track);
    if (shake > 0) vibrato(score, note, shake, track);
    if (slides && note.length >= kTicksPerBeat / 2 && random.chance(0.35)) {
      bend(score, note, random.chance(0.5) ? kSemitone : kSemitone / 2, 70, track);
    }
  }
}

// A guitar's string is pulled up to long tones, and shaken.
void pull_strings(const Score& score, Random& random, Track& track) {
  for (const Note& note : track.notes) {
    if (note.length < kTicksPerBeat / 2) continue;
    if (random.chance(0.4))
      bend(score, note, random.chance(0.6) ? 2 * kSemitone : kSemitone, 110, track);
    vibrato(score, note, 60, track);
  }
}

// Every chord of a pad rises and falls a little.
void breathe(const Score& score, Random& random, Track& track) {
  const int low = random.between(60, 90);
  for (const Chord& chord : score.song.chords) {
    const int64_t end = score.chord_end(chord.tick);
    const int64_t middle = (chord.tick + end) / 2;
    ramp(track, kExpression, chord.tick, middle, low, 115);
    ramp(track, kExpression, middle + kStep, end - kStep, 115, low + 5);
  }
}

// Ducks under every beat, as a compressor keyed by the kick drum does.
void pump(const Score& score, Random& random, Track& track) {
  const int low = random.between(25, 60);
  for (int64_t beat = 0; beat < score.song.ticks(); beat += kTicksPerBeat) {
    ramp(track, kExpression, beat, beat + kTicksPerBeat * 3 / 5, low, 116);
  }
}

// The wobble of dubstep: loudness goes up and down some times a beat.
void wobble(const Score& score, Random& random, Track& track) {
  static constexpr int64_t kPeriods[] = {kTicksPerBeat / 2, kTicksPerBeat / 3, kTicksPerBeat / 4,
                                         kTicksPerBeat};
  const int64_t bar = score.bar_ticks();
  int64_t period = kPeriods[random.index(4)];
  for (int64_t tick = 0; tick + period <= score.song.ticks(); tick += period) {
    if (tick % bar == 0 && random.chance(0.5)) period = kPeriods[random.index(4)];
    for (int64_t i = 0; i < 6; ++i) {
      static constexpr int kWave[] = {30, 80, 118, 118, 80, 45};
      set(track, tick + period * i / 6, kExpression, kWave[i]);
    }
  }
}

bool bends_strings(const Score& score, const Track& track) {
  return track.role == "lead" &&
         (track.instrument == "distorted guitar" || track.instrument == "electric guitar") &&
         score.genre->loose_ticks > 0;
}

// Bends of a phrase must not reach the next tone: 0 where a tone begins unbent.
void settle(Track& track) {
  std::ranges::stable_sort(track.controls, {}, &Control::tick);
  int bent = 0;
  std::vector<Control> settled;
  auto next = track.controls.begin();
  for (const Note& note : track.notes) {
    for (; next != track.controls.end() && next->tick < note.start; ++next) {
      if (next->controller == kPitchBend) bent = next->value;
      settled.push_back(*next);
    }
    if (bent != 0) settled.push_back({note.start, kPitchBend, 0});
    bent = 0;
  }
  settled.insert(settled.end(), next, track.controls.end());
  track.controls = std::move(settled);
}

}  // namespace

void add_expression(Score& score, Random& random) {
  const bool machine = score.genre->loose_ticks == 0;
  const bool drums = std::ranges::any_of(score.song.tracks, &Track::drums);
  const bool pumps = machine && drums && score.song.bpm > 110 && random.chance(0.6);
  for (Track& track : score.song.tracks) {
    Random own = random.fork();
    if (track.drums) continue;
    const Instrument& player = instrument(track.instrument);
    const bool pad = track.role == "pad" && player.sustained;
    if (score.genre->name == "dubstep" && track.role == "bass" && own.chance(0.7)) {
      wobble(score, own, track);
    } else if (pumps && (pad || track.role == "chords")) {
      pump(score, own, track);
    } else if (pad && own.chance(0.7)) {
      breathe(score, own, track);
    } else if (bends_strings(score, track) && own.chance(0.7)) {
      pull_strings(score, own, track);
    } else if (is_mono(player) && player.family != Family::Bass) {
      sing(score, player, own, track);
    } else if (track.role == "lead" && player.family == Family::Synth && own.chance(0.5)) {
      sing(score, player, own, track);
    }
    settle(track);
  }
}

}  // namespace riffle::corpus
