// SPDX-License-Identifier: GPL-3.0-or-later
// Drums and bass.
#include <algorithm>
#include <string>

#include "corpus/parts.h"
#include "corpus/patterns.h"
#include "corpus/text.h"

namespace riffle::corpus {
namespace {

constexpr int kCrash = 49;

void lay(const std::vector<DrumVoice>& voices, const Score& score, int64_t from, int64_t ticks,
         Track& track) {
  for (const DrumVoice& voice : voices) {
    const auto steps = static_cast<int64_t>(voice.steps.size());
    for (const Hit& hit : hits_of(voice.steps, ticks / steps)) {
      track.notes.push_back({.start = from + hit.start,
                             .length = std::min<int64_t>(hit.length, 120),
                             .key = voice.key,
                             .velocity = velocity_of(score, hit.sign)});
    }
  }
}

bool is_hat(char letter) { return letter == 'h' || letter == 'y'; }

// The same groove with another hand: hats on the ride, or fewer of them.
std::vector<DrumVoice> varied(std::vector<DrumVoice> voices, double energy, Random& random) {
  for (DrumVoice& voice : voices) {
    if (voice.letter == 'h' && random.chance(0.35 * energy)) {
      voice.letter = 'y';
      voice.key = 51;
    } else if (is_hat(voice.letter) && energy < 0.4 && random.chance(0.4)) {
      for (size_t i = 0; i < voice.steps.size(); ++i) {
        if (i % 4 != 0) voice.steps[i] = '.';
      }
    }
    if (voice.letter == 'k' && random.chance(0.3)) {
      char& sign = voice.steps[voice.steps.size() - random.index(4) - 1];
      if (sign == '.') sign = 'o';
    }
  }
  return voices;
}

// A tone a step below or above `target`, of the scale or a semitone beside it.
int approach(const Scale& scale, int target, Random& random) {
  if (random.chance(0.3)) return target - 1;
  return scale.moved(target, random.chance(0.6) ? -1 : 1);
}

int chord_tone(const Chord& chord, size_t number, int root_key) {
  const std::vector<int> classes = pitch_classes_of(chord);
  const int pc = classes[std::min(number, classes.size() - 1)];
  return root_key + (((pc - root_key) % 12) + 12) % 12;
}

int bass_key(char sign, const Score& score, int64_t tick, const Register& range, Random& random) {
  const Chord& chord = score.chord_at(tick);
  const int root = into_range(nearest_key(chord.root, range.centre), range.lowest, range.highest);
  const auto fit = [&range](int key) { return into_range(key, range.lowest, range.highest); };
  switch (sign) {
    case '3':
      return fit(chord_tone(chord, 1, root));
    case '5':
      return fit(chord_tone(chord, 2, root));
    case '6':
      return fit(score.scale_at(tick).moved(chord_tone(chord, 2, root), 1));
    case '7':
      return fit(intervals_of(chord.quality).size() > 3 ? chord_tone(chord, 3, root)
                                                        : score.scale_at(tick).moved(root, -1));
    case '8':
      return root + 12 <= range.highest ? root + 12 : root;
    case 'L':
      return fit(chord_tone(chord, 2, root) - 12);
    case 'a': {
      const int64_t end = score.chord_end(tick);
      const Chord& next = score.chord_at(end >= score.song.ticks() ? 0 : end);
      return fit(approach(score.scale_at(tick), nearest_key(next.root, root), random));
    }
    default:
      return root;
  }
}

// A quarter a tone: the root on a new chord, then steps and chord tones, a leading tone last.
void walk(const Score& score, const Register& range, Random& random, Track& track) {
  int key = range.centre;
  for (int64_t tick = 0; tick < score.song.ticks(); tick += kTicksPerBeat) {
    const Chord& chord = score.chord_at(tick);
    const bool first = chord.tick == tick || tick % score.bar_ticks() == 0;
    const bool last = score.chord_end(tick) == tick + kTicksPerBeat;
    if (first) {
      key = bass_key('1', score, tick, range, random);
    } else if (last) {
      key = bass_key('a', score, tick, range, random);
    } else if (random.chance(0.55)) {
      key = bass_key(random.chance(0.5) ? '3' : '5', score, tick, range, random);
    } else {
      key = into_range(score.scale_at(tick).moved(key, random.chance(0.5) ? 1 : -1), range.lowest,
                       range.highest);
    }
    track.notes.push_back({.start = tick,
                           .length = kTicksPerBeat * 9 / 10,
                           .key = key,
                           .velocity = velocity_of(score, first ? 'X' : 'x')});
    if (random.chance(0.08)) {  // a skip before the next beat
      track.notes.push_back({.start = tick + kTicksPerBeat / 2,
                             .length = kTicksPerBeat / 3,
                             .key = key,
                             .velocity = velocity_of(score, 'o')});
    }
  }
}

// A motif of pattern signs drawn freely: busy, in sixteenths, its first tone on the beat.
std::string riff(const Score& score, Random& random) {
  static constexpr std::string_view kSigns = "11185753";
  const auto steps = static_cast<size_t>(score.song.beats_per_bar * 4);
  const double density = 0.3 + 0.3 * score.energy - (score.song.bpm > 130 ? 0.15 : 0.0);
  std::string text(steps, '.');
  text[0] = '1';
  for (size_t i = 1; i < steps; ++i) {
    const double odd = i % 2 == 1 ? 0.7 : 1.1;
    if (random.chance(density * odd)) {
      text[i] = kSigns[random.index(kSigns.size())];
    } else if (text[i - 1] != '.' && random.chance(0.4)) {
      text[i] = '-';
    }
  }
  return text;
}

}  // namespace

std::vector<Hit> hits_of(std::string_view steps, int64_t step_ticks) {
  std::vector<Hit> hits;
  bool sounding = false;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] == '-') {
      if (sounding) hits.back().length += step_ticks;
      continue;
    }
    sounding = steps[i] != '.';
    if (sounding) hits.push_back({static_cast<int64_t>(i) * step_ticks, step_ticks, steps[i]});
  }
  return hits;
}

int velocity_of(const Score& score, char sign) {
  const int middle = 72 + static_cast<int>(34 * score.energy);
  if (sign == 'o' || sign == 'r') return middle - 30;
  if (sign == 'X' || sign == '8') return std::min(middle + 16, 122);
  return middle;
}

void add_drums(const Score& score, Random& random, Track& track) {
  const Genre& genre = *score.genre;
  const int beats = score.song.beats_per_bar;
  const std::string_view style = random.pick(split(genre.drums));
  const std::vector<DrumVoice> groove =
      drum_voices(pattern_of(PatternKind::Drums, style, beats, random));
  const std::vector<DrumVoice> second =
      random.chance(0.25) ? drum_voices(pattern_of(PatternKind::Drums, style, beats, random))
                          : varied(groove, score.energy, random);
  const std::string_view fill_style = random.pick(split(genre.fills));
  const bool crashes = score.energy > 0.45 && genre.drums.find("jazz") == std::string_view::npos;
  for (const Section& section : score.song.sections) {
    const std::vector<DrumVoice>& main = section.name == "chorus" ? second : groove;
    for (int64_t bar = section.first_bar; bar < section.first_bar + section.bars; ++bar) {
      const int64_t from = bar * score.bar_ticks();
      const bool last = bar == section.first_bar + section.bars - 1;
      if (last && random.chance(0.75)) {
        lay(drum_voices(pattern_of(PatternKind::Fill, fill_style, beats, random)), score, from,
            score.bar_ticks(), track);
      } else if (bar % 4 == 3 && random.chance(0.5)) {
        lay(varied(main, score.energy, random), score, from, score.bar_ticks(), track);
      } else {
        lay(main, score, from, score.bar_ticks(), track);
      }
      if (bar == section.first_bar && bar > 0 && crashes && random.chance(0.8)) {
        track.notes.push_back({from, kTicksPerBeat, kCrash, velocity_of(score, 'X')});
      }
    }
  }
}

void add_bass(const Score& score, std::string_view style, const Register& range, Random& random,
              Track& track) {
  if (style == "walking") return walk(score, range, random, track);
  const int beats = score.song.beats_per_bar;
  const auto draw = [&] {
    return style == "riff" ? riff(score, random)
                           : pattern_of(PatternKind::Bass, style, beats, random);
  };
  const std::string main = draw();
  const std::string turn = random.chance(0.5) ? draw() : main;  // every fourth bar
  const std::string second = random.chance(0.4) ? draw() : main;
  const bool two_bars = random.chance(0.4);
  for (int64_t bar = 0; bar < score.song.bars; ++bar) {
    const std::string& steps = bar % 4 == 3 ? turn : (two_bars && bar % 2 == 1 ? second : main);
    const int64_t step = score.bar_ticks() / static_cast<int64_t>(steps.size());
    for (const Hit& hit : hits_of(steps, step)) {
      const int64_t start = bar * score.bar_ticks() + hit.start;
      const int64_t room = score.chord_end(start) - start;
      track.notes.push_back({.start = start,
                             .length = std::min(hit.length, room) * 92 / 100,
                             .key = bass_key(hit.sign, score, start, range, random),
                             .velocity = velocity_of(score, hit.start == 0 ? 'X' : hit.sign)});
    }
  }
}

}  // namespace riffle::corpus
