// SPDX-License-Identifier: GPL-3.0-or-later
// The rule-based composer: a seed in, a short piece of music out, of which every fact is known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "corpus/song.h"

namespace riffle::corpus {

struct ComposeOptions {
  std::string genre{};      // one of genres(); empty: drawn from the seed
  double solo_share = 0.4;  // 0..1: pieces for one instrument alone
  double mma_share = 0.6;   // 0..1: ensemble pieces whose accompaniment Musical MIDI Accompaniment
                            // makes, where it is installed and has grooves for the genre; a
                            // quarter of all songs so
};

// Names of the genres, in the table's order.
std::vector<std::string> genres();

// Deterministic: the same seed and options give the same song on every machine (but see below); no
// global state, so many threads may compose at once. 8 to 16 bars, some 12 to 32 s; the first
// downbeat is at tick 0, without count-in; sections last 5.2 s or more. Every note lies inside the
// song and inside its instrument's range, and no two notes of one key in a track overlap.
//
// In one song of three a bar lasts a whole number of 160 ms columns (Song::bpm is then 1500 / n in
// 4/4 and 1125 / n in 3/4, e.g. 125, 93.75, 75); in the others bpm is a whole number.
//
// Where `mma` is not installed or fails, the composer's own groove takes its place: Song::groove
// tells, it begins with "mma " where MMA played. Throws Error{InvalidArgument} for an unknown
// genre.
Song compose(uint64_t seed, const ComposeOptions& options = {});

}  // namespace riffle::corpus
