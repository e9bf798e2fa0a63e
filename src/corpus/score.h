// SPDX-License-Identifier: GPL-3.0-or-later
// A song on its way: what is decided before parts are written, and questions parts ask of it.
#pragma once

#include "corpus/genres.h"
#include "corpus/song.h"
#include "corpus/theory.h"

namespace riffle::corpus {

struct Score {
  const Genre* genre = nullptr;
  Scale scale;
  double energy = 0.5;  // 0 calm .. 1 wild: density and loudness
  Song song;            // with chords and sections; tracks come as they are written
  size_t played = 0;    // so many tracks at the front have swing and human timing already

  int64_t bar_ticks() const { return song.beats_per_bar * kTicksPerBeat; }
  const Chord& chord_at(int64_t tick) const;
  int64_t chord_end(int64_t tick) const;  // where the chord sounding at `tick` ends
  // What may be played over the chord at `tick`.
  Scale scale_at(int64_t tick) const { return scale_over(scale, chord_at(tick)); }
  bool last_bar_of_section(int64_t bar) const;
  // Ticks of so many milliseconds at the song's tempo.
  int64_t ticks_of_ms(double ms) const;
};

// The key of that pitch class nearest to `key`.
int nearest_key(int pitch_class, int key);

// `key` moved by octaves into lowest..highest (a range of an octave or more).
int into_range(int key, int lowest, int highest);

}  // namespace riffle::corpus
