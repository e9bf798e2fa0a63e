// SPDX-License-Identifier: GPL-3.0-or-later
// The key of a clip: how strong its pitch classes are, seen from each tonic, is weighed by what a
// mode's should be. The weights are ratings of listeners (Krumhansl and Schmuckler, in Krumhansl,
// "Cognitive foundations of musical pitch", 1990), or learned (learn_keys.h).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/chroma.h"
#include "text/music_terms.h"

namespace riffle::eval {

struct Key {
  int tonic = 0;     // pitch class, 0 = C
  std::string mode;  // "major", "minor", "dorian", ...

  friend bool operator==(const Key&, const Key&) = default;
};

// Pitch classes from a tonic upwards: twelve of the whole, twelve of the bass.
using KeyWeights = std::array<float, 24>;

// What a clip's key is heard from, with C for the tonic: its chroma and that of its bass over all
// columns, each without its mean and at unit length; zeros where nothing sounds.
KeyWeights key_features(const Chroma& chroma);

struct ModeModel {
  std::string mode;
  KeyWeights weights{};
  float bias = 0;  // how frequent the mode is beside others
};

struct KeyModel {
  std::vector<ModeModel> modes;

  // The ratings of Krumhansl and Kessler 1982, so that scores are Pearson's correlations. Other
  // modes have the ratings of major or minor, whichever is nearer, with those of the degrees that
  // differ exchanged. The bass is not looked at.
  static KeyModel of_ratings();
  // Null for an unknown mode.
  const ModeModel* find(std::string_view mode) const;
};

struct KeyGuess {
  Key key;
  double score = 0;
};

// Of one key: weights times features, with the mode's bias.
double key_score(const KeyWeights& features, const ModeModel& mode, int tonic);

// Every key of the modes, likeliest first; of all modes the model has where none are named; unknown
// ones are left out. None for silence.
std::vector<KeyGuess> rank_keys(const KeyWeights& features, const KeyModel& model,
                                const std::vector<std::string>& modes = {});

// Whether the key is among the first `places`.
bool key_among(const std::vector<KeyGuess>& ranking, const Key& key, size_t places);

using text::pitch_class_of;
// 6 -> "F#".
std::string_view pitch_name(int pitch_class);

}  // namespace riffle::eval
