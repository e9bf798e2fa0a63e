// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/score.h"

#include <algorithm>

namespace riffle::corpus {

const Chord& Score::chord_at(int64_t tick) const {
  const auto after = std::ranges::upper_bound(song.chords, tick, {}, &Chord::tick);
  return after == song.chords.begin() ? song.chords.front() : *(after - 1);
}

int64_t Score::chord_end(int64_t tick) const {
  const auto after = std::ranges::upper_bound(song.chords, tick, {}, &Chord::tick);
  return after == song.chords.end() ? song.ticks() : after->tick;
}

bool Score::last_bar_of_section(int64_t bar) const {
  return std::ranges::any_of(song.sections, [bar](const Section& section) {
    return bar == section.first_bar + section.bars - 1;
  });
}

int64_t Score::ticks_of_ms(double ms) const {
  return static_cast<int64_t>(ms * song.bpm * static_cast<double>(kTicksPerBeat) / 60000.0 + 0.5);
}

int nearest_key(int pitch_class, int key) {
  const int up = (((pitch_class - key) % 12) + 12) % 12;
  return up <= 6 ? key + up : key + up - 12;
}

int into_range(int key, int lowest, int highest) {
  while (key < lowest) key += 12;
  while (key > highest) key -= 12;
  return std::max(key, lowest);
}

}  // namespace riffle::corpus
