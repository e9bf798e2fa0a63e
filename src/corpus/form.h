// SPDX-License-Identifier: GPL-3.0-or-later
// The outer facts of a song: tempo, key, mode, mood, length and sections.
#pragma once

#include "corpus/random.h"
#include "corpus/score.h"

namespace riffle::corpus {

struct Mood {
  std::string_view word;
  int light = 0;  // 1: in bright modes only, -1: in dark ones only
  double slowest = 0;
  double fastest = 999;
  double energy = 0.5;
};
std::span<const Mood> mood_table();

// Draws tempo, beats a bar, key, mode, mood and bars into score.song and its energy.
void draw_facts(Score& score, Random& random);

// Sections for the bars drawn: one for a solo piece, up to three else; each lasts 5.3 s or more.
void draw_sections(Score& score, bool solo, Random& random);

// Which tracks play in which section: all in the chorus, some in intro and break, never none.
void cast_sections(Score& score, Random& random);

}  // namespace riffle::corpus
