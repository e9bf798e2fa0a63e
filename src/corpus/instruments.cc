// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/instruments.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace riffle::corpus {
namespace {

constexpr bool kChords = true;
constexpr bool kHolds = true;

std::vector<Instrument> make_instruments() {
  using F = Family;
  return {
      {"piano", {"acoustic piano", "grand piano"}, F::Keys, {0, 1, 2}, 33, 96, kChords},
      {"electric piano", {"rhodes", "e-piano"}, F::Keys, {4, 5}, 36, 91, kChords},
      {"harpsichord", {}, F::Keys, {6}, 36, 88, kChords},
      {"clavinet", {"clav"}, F::Keys, {7}, 36, 84, kChords},
      {"music box", {}, F::Mallets, {10}, 60, 96, kChords},
      {"vibraphone", {"vibes"}, F::Mallets, {11}, 53, 89, kChords},
      {"marimba", {}, F::Mallets, {12}, 48, 91, kChords},
      {"xylophone", {}, F::Mallets, {13}, 65, 96, kChords},
      {"glockenspiel", {"bells"}, F::Mallets, {9, 8}, 72, 103, kChords},
      {"kalimba", {"thumb piano"}, F::Mallets, {108}, 55, 88, kChords},
      {"steel drums", {"steel pan"}, F::Mallets, {114}, 55, 88, kChords},
      {"organ", {"hammond organ"}, F::Organ, {16, 17, 18}, 36, 91, kChords, kHolds},
      {"church organ", {"pipe organ"}, F::Organ, {19}, 36, 91, kChords, kHolds},
      {"accordion", {}, F::Organ, {21}, 53, 89, kChords, kHolds},
      {"harmonica", {"blues harp"}, F::Reed, {22}, 60, 88, false, kHolds},
      {"classical guitar", {"nylon guitar", "spanish guitar"}, F::Guitar, {24}, 40, 83, kChords},
      {"acoustic guitar", {"steel string guitar"}, F::Guitar, {25}, 40, 83, kChords},
      {"jazz guitar", {}, F::Guitar, {26}, 40, 84, kChords},
      {"electric guitar", {"clean guitar"}, F::Guitar, {27}, 40, 86, kChords},
      {"muted guitar", {"palm muted guitar"}, F::Guitar, {28}, 40, 76, kChords},
      {"distorted guitar",
       {"distortion guitar", "heavy guitar"},
       F::Guitar,
       {29, 30},
       40,
       86,
       kChords,
       kHolds},
      {"banjo", {}, F::Plucked, {105}, 48, 84, kChords},
      {"sitar", {}, F::Plucked, {104}, 48, 79},
      {"koto", {}, F::Plucked, {107}, 48, 84, kChords},
      {"harp", {}, F::Plucked, {46}, 36, 96, kChords},
      {"upright bass", {"double bass", "acoustic bass"}, F::Bass, {32}, 28, 60},
      {"bass guitar", {"electric bass"}, F::Bass, {33, 34}, 28, 60},
      {"fretless bass", {}, F::Bass, {35}, 28, 60},
      {"slap bass", {"slapped bass"}, F::Bass, {36, 37}, 28, 62},
      {"synth bass", {"bass synth"}, F::Bass, {38, 39}, 24, 60, false, kHolds},
      {"violin", {}, F::Strings, {40}, 55, 96, false, kHolds},
      {"fiddle", {}, F::Strings, {110}, 55, 91, false, kHolds},
      {"viola", {}, F::Strings, {41}, 48, 84, false, kHolds},
      {"cello", {}, F::Strings, {42}, 36, 74, false, kHolds},
      {"strings",
       {"string section", "string ensemble"},
       F::Strings,
       {48, 49},
       36,
       91,
       kChords,
       kHolds},
      {"pizzicato strings", {"plucked strings"}, F::Strings, {45}, 36, 88, kChords},
      {"choir", {"voices"}, F::Voice, {52, 53}, 48, 82, kChords, kHolds},
      {"trumpet", {}, F::Brass, {56}, 55, 82, false, kHolds},
      {"muted trumpet", {}, F::Brass, {59}, 55, 82, false, kHolds},
      {"trombone", {}, F::Brass, {57}, 40, 70, false, kHolds},
      {"tuba", {}, F::Brass, {58}, 29, 55, false, kHolds},
      {"french horn", {"horn"}, F::Brass, {60}, 41, 74, false, kHolds},
      {"brass section", {"brass", "horns"}, F::Brass, {61}, 43, 82, kChords, kHolds},
      {"soprano sax", {}, F::Reed, {64}, 56, 86, false, kHolds},
      {"saxophone", {"sax"}, F::Reed, {65, 66}, 46, 80, false, kHolds},
      {"baritone sax", {}, F::Reed, {67}, 38, 68, false, kHolds},
      {"oboe", {}, F::Reed, {68}, 58, 88, false, kHolds},
      {"bassoon", {}, F::Reed, {70}, 34, 70, false, kHolds},
      {"clarinet", {}, F::Reed, {71}, 50, 88, false, kHolds},
      {"bagpipes", {"pipes"}, F::Reed, {109}, 58, 79, false, kHolds},
      {"flute", {}, F::Flute, {73}, 60, 94, false, kHolds},
      {"piccolo", {}, F::Flute, {72}, 74, 103, false, kHolds},
      {"recorder", {}, F::Flute, {74}, 65, 93, false, kHolds},
      {"pan flute", {"pan pipes"}, F::Flute, {75}, 60, 91, false, kHolds},
      {"synth lead", {"lead synth"}, F::Synth, {80, 81, 87}, 48, 96, kChords, kHolds},
      {"synth pluck", {"plucky synth"}, F::Synth, {84, 99, 98}, 48, 96, kChords},
      {"synth pad", {"pad", "warm pad"}, F::Synth, {88, 89, 90, 94}, 36, 88, kChords, kHolds},
      {"synth strings", {}, F::Synth, {50, 51}, 36, 91, kChords, kHolds},
      {"synth brass", {}, F::Synth, {62, 63}, 41, 84, kChords, kHolds},
  };
}

std::vector<DrumKit> make_kits() {
  return {{"drums", {"drum kit", "acoustic drums"}, {0, 8}},
          {"rock drums", {"big drums", "loud drums"}, {16}},
          {"electronic drums", {"drum machine"}, {24}},
          {"808 drums", {"808 drum machine", "808 beat"}, {25}},
          {"jazz drums", {"jazz drum kit"}, {32}},
          {"brushes", {"brushed drums"}, {40}},
          {"orchestral percussion", {"orchestral drums"}, {48}}};
}

const std::vector<Instrument>& all_instruments() {
  static const std::vector<Instrument> table = make_instruments();
  return table;
}

template <class Table>
const auto& find(const Table& table, std::string_view word, std::string_view kind) {
  const auto found =
      std::ranges::find_if(table, [word](const auto& entry) { return entry.word == word; });
  if (found == table.end()) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("{} '{}' is not in the table", kind, word),
                "corpus/instruments.cc lists those there are");
  }
  return *found;
}

}  // namespace

std::span<const Instrument> instruments() { return all_instruments(); }

std::span<const DrumKit> drum_kits() {
  static const std::vector<DrumKit> table = make_kits();
  return table;
}

const Instrument& instrument(std::string_view word) {
  return find(instruments(), word, "instrument");
}

const DrumKit& drum_kit(std::string_view word) { return find(drum_kits(), word, "drum kit"); }

const Instrument* instrument_of_program(int program) {
  for (const Instrument& entry : instruments()) {
    if (std::ranges::find(entry.programs, program) != entry.programs.end()) return &entry;
  }
  return nullptr;
}

std::string_view family_word(Family family) {
  switch (family) {
    case Family::Keys:
      return "keys";
    case Family::Mallets:
      return "mallets";
    case Family::Organ:
      return "organ";
    case Family::Guitar:
      return "guitar";
    case Family::Bass:
      return "bass";
    case Family::Strings:
      return "strings";
    case Family::Voice:
      return "voices";
    case Family::Brass:
      return "brass";
    case Family::Reed:
      return "woodwind";
    case Family::Flute:
      return "woodwind";
    case Family::Synth:
      return "synth";
    case Family::Plucked:
      return "plucked strings";
  }
  return "";
}

}  // namespace riffle::corpus
