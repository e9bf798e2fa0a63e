// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/harmony.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "corpus/text.h"

namespace riffle::corpus {
namespace {

constexpr std::string_view kBright =
    "1 5 6 4, 1 4 5 1, 6 4 1 5, 1 6 4 5, 1 4 1 5, 1 3 4 5, 1 4 6 5, 1 2 4 1";
constexpr std::string_view kDark = "1 6 3 7, 1 7 6 7, 1 4 6 7, 1 4 7 3, 1 6 7 1, 1 3 7 4";
constexpr std::string_view kMixolydian = "1 b7 4 1, 1 4 b7 4, 1 b7 1 4, 1 5 b7 4";
constexpr std::string_view kDorian = "1 4 1 4, 1 4 7 4, 1 2 1 4, 1 7 4 1";
constexpr std::string_view kPhrygian = "1 2 1 7, 1 2 3 2, 1 1 2 1, 1 7 2 1";
constexpr std::string_view kLydian = "1 2 1 2, 1 1 2 6, 1 2 3 2, 1 5 2 1";
constexpr std::string_view kHarmonicMinor = "1 4 5:7 1, 1 6 4 5:7, 1 4 1 5:7, 1 6 5:7 1";

// Where a chord of that degree likes to go (index 0 is degree 1).
constexpr std::string_view kSteps[] = {"44556623", "5547", "6644", "55512", "1164", "4425", "1136"};

[[noreturn]] void refuse(std::string_view text, std::string_view part) {
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("progression '{}': '{}' is no chord", text, part),
              "a chord is a degree 1 to 7, then perhaps :quality, then perhaps *bars or /parts");
}

std::string_view common_chords(std::string_view mode) {
  if (mode == "mixolydian") return kMixolydian;
  if (mode == "dorian") return kDorian;
  if (mode == "phrygian") return kPhrygian;
  if (mode == "lydian") return kLydian;
  if (mode == "harmonic minor") return kHarmonicMinor;
  return is_dark(mode) ? kDark : kBright;
}

std::string walked(std::string_view mode, Random& random) {
  const bool borrowed_seventh = mode == "major" || mode == "lydian" || mode == "harmonic minor";
  std::string text = "1";
  char degree = '1';
  for (int bar = 1; bar < 4; ++bar) {
    const std::string_view next = kSteps[degree - '1'];
    degree = next[random.index(next.size())];
    if (degree == '7' && borrowed_seventh) degree = '5';
    if (degree == '2' && is_dark(mode)) degree = '4';
    text += ' ';
    text += degree;
  }
  return text;
}

std::string drawn(const Score& score, Random& random) {
  const std::string& mode = score.song.mode;
  std::string_view own = is_dark(mode) ? score.genre->dark_chords : score.genre->bright_chords;
  const bool special = mode != "major" && mode != "minor" && score.genre->sevenths == false;
  const double chance_own = special ? 0.4 : 0.8;
  if (!own.empty() && random.chance(chance_own)) return std::string(random.pick(split(own)));
  if (own.empty() || random.chance(0.6)) {
    return std::string(random.pick(split(common_chords(mode))));
  }
  return walked(mode, random);
}

}  // namespace

std::vector<Chord> read_progression(std::string_view text, const Scale& scale, bool sevenths,
                                    int64_t bar_ticks, int64_t& length_ticks) {
  std::vector<Chord> chords;
  int64_t tick = 0;
  for (const std::string_view word : split(text, ' ')) {
    std::string part(word);
    int64_t length = bar_ticks;
    const size_t factor = part.find_first_of("*/");
    if (factor != std::string::npos) {
      if (factor + 2 != part.size() || part[factor + 1] < '1' || part[factor + 1] > '9') {
        refuse(text, word);
      }
      const int64_t number = part[factor + 1] - '0';
      length = part[factor] == '*' ? length * number : length / number;
      part.resize(factor);
    }
    std::string quality;
    if (const size_t colon = part.find(':'); colon != std::string::npos) {
      quality = part.substr(colon + 1);
      part.resize(colon);
    }
    const bool flat = part.size() == 2 && part[0] == 'b';
    if (part.size() != (flat ? 2U : 1U) || part.back() < '1' || part.back() > '7') {
      refuse(text, word);
    }
    const int degree = part.back() - '0';
    Chord chord = chord_on(scale, degree, sevenths);
    if (flat) {
      static constexpr int kMajor[] = {0, 2, 4, 5, 7, 9, 11};
      chord.root = (scale.tonic + kMajor[degree - 1] - 1 + 12) % 12;
      chord.quality = "maj";
    }
    if (!quality.empty()) chord.quality = quality;
    intervals_of(chord.quality);  // refuses unknown ones
    chord.tick = tick;
    chords.push_back(chord);
    tick += length;
  }
  length_ticks = tick;
  return chords;
}

void write_harmony(Score& score, Random& random) {
  Song& song = score.song;
  const std::string verse = drawn(score, random);
  const std::string chorus = random.chance(0.45) ? drawn(score, random) : verse;
  song.chords.clear();
  for (const Section& section : song.sections) {
    int64_t length = 0;
    const std::vector<Chord> loop =
        read_progression(section.name == "chorus" ? chorus : verse, score.scale,
                         score.genre->sevenths, score.bar_ticks(), length);
    const int64_t from = section.first_bar * score.bar_ticks();
    const int64_t to = from + section.bars * score.bar_ticks();
    for (int64_t start = from; start < to; start += length) {
      for (Chord chord : loop) {
        chord.tick += start;
        if (chord.tick < to) song.chords.push_back(chord);
      }
    }
  }
}

}  // namespace riffle::corpus
