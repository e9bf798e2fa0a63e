// SPDX-License-Identifier: GPL-3.0-or-later
// From written parts to played ones: rests, swing, human timing and loudness,
// and a last look that every note is inside the song and none is struck while
// it still sounds.
#pragma once

#include "corpus/random.h"
#include "corpus/score.h"

namespace riffle::corpus {

// Works on every track of score.song; the first score.played ones only rest and
// are tidied.
void perform(Score& score, Random& random);

// Sorts, cuts notes at the song's end and before the next one of their key;
// drops what is left without length. Part of perform(), for tracks that were
// played already.
void tidy(const Song& song, Track& track);

// Cuts every note where the next begins: for those who play one at a time.
void one_at_a_time(Track& track);

// Moves a tick for swing: `eighths` and `sixteenths` from 0 (straight) to 1
// (triplets).
int64_t swung(int64_t tick, double eighths, double sixteenths);

}  // namespace riffle::corpus
