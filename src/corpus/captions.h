// SPDX-License-Identifier: GPL-3.0-or-later
// Captions: what a person would type to ask for this excerpt, in many wordings. Lower case, plain
// words, tempo as "112 bpm", key as "in e minor" or "f# dorian".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "corpus/song.h"

namespace riffle::corpus {

struct AudiblePart {
  std::string instrument;  // a word of instruments.h
  std::string role;        // as Track::role
};

// What is true of an excerpt. An empty string (key: -1, bpm: 0) is not known and not spoken of.
struct ExcerptFacts {
  std::string genre{};
  std::string mood{};
  double bpm = 0;
  int beats_per_bar = 4;
  int key = -1;
  std::string mode{};
  std::vector<AudiblePart> parts{};  // without drums; loudest or most important first
  std::string drums{};  // the kit's word ("drums", "electronic drums"); empty: no drums
  std::string section{};
};

// The facts of what sounds in [first_tick, last_tick): tracks with a note that begins there, or
// that is held through at least half of it.
ExcerptFacts facts_of(const Song& song, int64_t first_tick, int64_t last_tick);

// `count` captions, all different where the facts allow. The first third tells nearly everything,
// later ones leave out more and more, the last are a few words. Never says what the facts do not.
// The same facts and seed give the same captions.
std::vector<std::string> captions(const ExcerptFacts& facts, uint64_t seed, int count);

// "c", "c#", ... "b", as captions write it.
std::string key_word(int pitch_class);
// "C", "C#", ...: as records write it.
std::string key_name(int pitch_class);

}  // namespace riffle::corpus
