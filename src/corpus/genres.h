// SPDX-License-Identifier: GPL-3.0-or-later
// What makes a genre: tempo, modes, chords, rhythms and who plays. Lists are text, parts separated
// by commas; one named twice comes twice as often.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::corpus {

struct Genre {
  std::string_view name;
  std::string_view synonyms = "";  // other words captions may say
  double slowest = 80;             // bpm
  double fastest = 140;
  std::string_view beats = "4";  // beats a bar
  double swing_eighths = 0;      // 0 straight .. 1 triplets
  double swing_sixteenths = 0;
  double loose_ticks = 5;  // deviation of human timing; 0: a machine plays
  std::string_view modes;
  bool sevenths = false;
  std::string_view bright_chords = "";  // progressions, see harmony.h; empty: the common ones
  std::string_view dark_chords = "";
  std::string_view moods;

  std::string_view kits = "";
  std::string_view drums = "";  // styles of patterns.h
  std::string_view fills = "plain";
  std::string_view bass = "";         // instruments
  std::string_view bass_styles = "";  // patterns.h, or "walking", "riff"
  std::string_view chords = "";
  std::string_view chord_styles = "";
  std::string_view pad = "";
  std::string_view arpeggio = "";
  std::string_view lead = "";
  // How often each part takes part in an ensemble piece.
  double with_drums = 0.9;
  double with_bass = 0.9;
  double with_chords = 0.85;
  double with_pad = 0.2;
  double with_arpeggio = 0.2;
  double with_lead = 0.7;
  double with_counter = 0.15;

  std::string_view solo = "";  // instruments that play this genre alone; kits among them
};

std::span<const Genre> genre_table();
// Throws Error{InvalidArgument} for a name that is not in the table.
const Genre& genre_named(std::string_view name);

}  // namespace riffle::corpus
