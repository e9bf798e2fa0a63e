// SPDX-License-Identifier: GPL-3.0-or-later
// Accompaniment by MMA (Musical MIDI Accompaniment, Debian package `mma`), a program that plays
// chords in hundreds of styles: chords are written as its input, its MIDI file is read back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/random.h"
#include "corpus/score.h"

namespace riffle::corpus {

// Is a program of that name on the PATH? Asked once.
bool mma_installed();

// Its grooves that suit a genre, in 4/4 or 3/4; empty where it has none.
std::vector<std::string_view> mma_grooves(std::string_view genre, int beats_per_bar);

// The chords as MMA's input: tempo, groove, one numbered line a bar.
std::string mma_text(const Score& score, std::string_view groove, uint64_t seed);

// The accompaniment it plays: drums first, then bass and the rest, played already (its own swing
// and human timing are in), in ticks of a Song. Empty where MMA is not installed, does not know the
// groove, or plays nothing that has a place in instruments.h. Deterministic for one version of MMA.
std::vector<Track> mma_accompaniment(const Score& score, std::string_view groove, Random& random);

}  // namespace riffle::corpus
