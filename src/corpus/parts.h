// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of a song. Each is written over the whole length, straight on the grid;
// perform.h makes it sound played and leaves out the sections in which its track rests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "corpus/instruments.h"
#include "corpus/random.h"
#include "corpus/score.h"

namespace riffle::corpus {

// Where in its range an instrument plays a part.
struct Register {
  int lowest = 36;
  int highest = 96;
  int centre = 60;
};

// One written sign of a pattern, with how long it is held.
struct Hit {
  int64_t start = 0;  // ticks from the pattern's beginning
  int64_t length = 0;
  char sign = 'x';
};
// '-' lengthens the sign before it, '.' is a rest.
std::vector<Hit> hits_of(std::string_view steps, int64_t step_ticks);

// The pattern's style is drawn from the genre's list, fills at the ends of sections included.
void add_drums(const Score& score, Random& random, Track& track);
// A style of patterns.h, or "walking", or "riff": a motif of the scale, repeated.
void add_bass(const Score& score, std::string_view style, const Register& range, Random& random,
              Track& track);
void add_chords(const Score& score, std::string_view style, const Instrument& player,
                const Register& range, Random& random, Track& track);
void add_pad(const Score& score, const Register& range, Random& random, Track& track);
// Broken chords; a player alone may add low roots below them.
void add_arpeggio(const Score& score, const Register& range, bool alone, Random& random,
                  Track& track);
// A melody of motifs in phrases of four bars: repeated, varied, ended on a rest of the harmony.
void add_melody(const Score& score, const Instrument& player, const Register& range, Random& random,
                Track& track);
// Long tones of the chords (thirds and sevenths) that move as little as they can.
void add_counter(const Score& score, const Register& range, Random& random, Track& track);

// Loudness of a sign at the score's energy: 'X' loud, 'o' and 'r' soft.
int velocity_of(const Score& score, char sign);

}  // namespace riffle::corpus
