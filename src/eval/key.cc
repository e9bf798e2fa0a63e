// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/key.h"

#include <algorithm>
#include <array>
#include <utility>

#include "eval/signal.h"

namespace riffle::eval {
namespace {

constexpr PitchClasses kMajor = {6.35F, 2.23F, 3.48F, 2.33F, 4.38F, 4.09F,
                                 2.52F, 5.19F, 2.39F, 3.66F, 2.29F, 2.88F};
constexpr PitchClasses kMinor = {6.33F, 2.68F, 3.52F, 5.38F, 2.60F, 3.53F,
                                 2.54F, 4.75F, 3.98F, 2.69F, 3.34F, 3.17F};

struct Mode {
  std::string_view name;
  PitchClasses base;
  // Degrees (semitones above the tonic) whose ratings change places.
  std::vector<std::pair<size_t, size_t>> exchanged;
};

const std::vector<Mode>& modes() {
  static const std::vector<Mode> kModes = {
      {"major", kMajor, {}},
      {"minor", kMinor, {}},
      {"dorian", kMinor, {{8, 9}}},
      {"mixolydian", kMajor, {{10, 11}}},
      {"lydian", kMajor, {{5, 6}}},
      {"phrygian", kMinor, {{1, 2}}},
      {"harmonic minor", kMinor, {{10, 11}}},
  };
  return kModes;
}

constexpr std::array<std::string_view, 12> kNames = {"C",  "C#", "D",  "D#", "E",  "F",
                                                     "F#", "G",  "G#", "A",  "A#", "B"};

}  // namespace

std::vector<std::string> known_modes() {
  std::vector<std::string> names;
  for (const Mode& mode : modes()) names.emplace_back(mode.name);
  return names;
}

std::optional<PitchClasses> key_profile(std::string_view mode) {
  const auto found = std::ranges::find(modes(), mode, &Mode::name);
  if (found == modes().end()) return {};
  PitchClasses profile = found->base;
  for (const auto& [a, b] : found->exchanged) std::swap(profile[a], profile[b]);
  return profile;
}

std::vector<KeyGuess> rank_keys(const PitchClasses& chroma, const std::vector<std::string>& modes) {
  std::vector<KeyGuess> ranking;
  if (std::ranges::max(chroma) <= 0) return ranking;
  for (const std::string& mode : modes) {
    const auto profile = key_profile(mode);
    if (!profile) continue;
    for (int tonic = 0; tonic < 12; ++tonic) {
      PitchClasses from_tonic = chroma;
      std::ranges::rotate(from_tonic, from_tonic.begin() + tonic);
      ranking.push_back({{tonic, mode}, correlation(from_tonic, *profile)});
    }
  }
  std::ranges::stable_sort(ranking, std::ranges::greater{}, &KeyGuess::correlation);
  return ranking;
}

bool key_among(const std::vector<KeyGuess>& ranking, const Key& key, size_t places) {
  const auto end = ranking.begin() + static_cast<int64_t>(std::min(places, ranking.size()));
  return std::find_if(ranking.begin(), end,
                      [&](const KeyGuess& guess) { return guess.key == key; }) != end;
}

std::optional<int> pitch_class_of(std::string_view name) {
  if (name.empty()) return {};
  const auto letter = std::ranges::find(kNames, name.substr(0, 1));
  if (letter == kNames.end()) return {};
  auto pitch_class = static_cast<int>(letter - kNames.begin());
  for (const char sign : name.substr(1)) {
    if (sign != '#' && sign != 'b') return {};
    pitch_class += sign == '#' ? 1 : -1;
  }
  return (pitch_class % 12 + 12) % 12;
}

std::string_view pitch_name(int pitch_class) {
  return kNames[static_cast<size_t>((pitch_class % 12 + 12) % 12)];
}

}  // namespace riffle::eval
