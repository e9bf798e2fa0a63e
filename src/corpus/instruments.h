// SPDX-License-Identifier: GPL-3.0-or-later
// The instruments the corpus knows: the word captions say, other words for the same, General MIDI
// programs that sound like it, and the range it is played in.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::corpus {

enum class Family {
  Keys,
  Mallets,
  Organ,
  Guitar,
  Bass,
  Strings,
  Voice,
  Brass,
  Reed,
  Flute,
  Synth,
  Plucked
};

struct Instrument {
  std::string word;                   // "slap bass": what Track::instrument holds
  std::vector<std::string> synonyms;  // other words captions may say; empty for some
  Family family = Family::Keys;
  std::vector<int> programs;  // General MIDI, 0-based
  int lowest = 36;            // MIDI keys it is played on, both included
  int highest = 96;
  bool chords = false;     // plays several notes at once
  bool sustained = false;  // a held note keeps sounding: bowed, blown, organ, synthesizer
};

struct DrumKit {
  std::string word;  // "drums", "electronic drums", ...: Track::instrument
  std::vector<std::string> synonyms;
  std::vector<int> programs;  // programs of General MIDI's percussion bank (128)
};

// Every word once; sorted by family.
std::span<const Instrument> instruments();
std::span<const DrumKit> drum_kits();

// By its word (not by a synonym). Throw Error{InvalidArgument} for one that is not in the table.
const Instrument& instrument(std::string_view word);
const DrumKit& drum_kit(std::string_view word);

// The instrument that a General MIDI program (0..127) sounds like; nullptr where the table has none
// (sound effects).
const Instrument* instrument_of_program(int program);

// "guitar", "strings", "brass", ...: the word for the whole family.
std::string_view family_word(Family family);

}  // namespace riffle::corpus
