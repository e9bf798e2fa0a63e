// SPDX-License-Identifier: GPL-3.0-or-later
// The key of a clip: its chroma is compared with what each key's should be (Krumhansl and
// Schmuckler, in Krumhansl, "Cognitive foundations of musical pitch", 1990; ratings of Krumhansl
// and Kessler 1982). The other modes have the ratings of major or minor, whichever is nearer, with
// those of the degrees that differ exchanged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/chroma.h"

namespace riffle::eval {

struct Key {
  int tonic = 0;     // pitch class, 0 = C
  std::string mode;  // "major", "minor", "dorian", ...

  friend bool operator==(const Key&, const Key&) = default;
};

struct KeyGuess {
  Key key;
  double correlation = 0;
};

// Modes there are profiles for.
std::vector<std::string> known_modes();
// What a mode's pitch classes should be, from its tonic upwards; empty for an unknown mode.
std::optional<PitchClasses> key_profile(std::string_view mode);

// Every key of the modes, likeliest first; unknown modes are left out. None for silence.
std::vector<KeyGuess> rank_keys(const PitchClasses& chroma, const std::vector<std::string>& modes);

// Whether the key is among the first `places`.
bool key_among(const std::vector<KeyGuess>& ranking, const Key& key, size_t places);

// "F#" or "Gb" -> 6.
std::optional<int> pitch_class_of(std::string_view name);
// 6 -> "F#".
std::string_view pitch_name(int pitch_class);

}  // namespace riffle::eval
