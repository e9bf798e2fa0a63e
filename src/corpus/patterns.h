// SPDX-License-Identifier: GPL-3.0-or-later
// Rhythms by style, written as text: one character a step, the steps of a voice equal over its
// bar (16 of them mostly, 32 for rolls), spaces ignored.
//
//   drums   "k x... x... | s .... x... | h x.x. x.x.": a letter for the voice, then x hit, X loud,
//           o soft, . none
//   bass    1 root, 3 5 6 7 tones of the chord, 8 root an octave up, L the fifth below, r a soft
//           root, a a step towards the next chord's root, - held on, . rest
//   chords  x chord, X loud, o soft, b the chord's bass tone alone, - held on, . rest
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "corpus/random.h"

namespace riffle::corpus {

enum class PatternKind { Drums, Bass, Chords, Fill };

// One of the patterns of that style for bars of so many beats (3 or 4), its spaces taken out (a
// drum pattern keeps those behind its letters). A style without a pattern in 3/4 gets one of style
// "plain". Throws Error{InvalidArgument} for a style that does not exist.
std::string pattern_of(PatternKind kind, std::string_view style, int beats, Random& random);

struct DrumVoice {
  char letter = 'k';
  int key = 36;  // General MIDI's percussion map
  std::string steps;
};
std::vector<DrumVoice> drum_voices(std::string_view pattern);

// Every style of that kind, each once.
std::vector<std::string> pattern_styles(PatternKind kind);

}  // namespace riffle::corpus
