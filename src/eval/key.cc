// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/key.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
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

const std::vector<Mode>& modes_of_ratings() {
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

// Without the mean and at unit length: products of two such are Pearson's correlation.
PitchClasses standardised(PitchClasses classes) {
  const auto mean = static_cast<float>(mean_of(classes));
  for (float& value : classes) value -= mean;
  const float length =
      std::sqrt(std::inner_product(classes.begin(), classes.end(), classes.begin(), 0.0F));
  for (float& value : classes) value = length > 0 ? value / length : 0.0F;
  return classes;
}

}  // namespace

KeyWeights key_features(const Chroma& chroma) {
  KeyWeights features{};
  const auto put = [&](const std::vector<PitchClasses>& columns, size_t first) {
    const PitchClasses classes = standardised(mean_of_columns(columns));
    std::ranges::copy(classes, features.begin() + static_cast<int64_t>(first));
  };
  put(chroma.columns, 0);
  put(chroma.bass, 12);
  return features;
}

KeyModel KeyModel::of_ratings() {
  KeyModel model;
  for (const Mode& mode : modes_of_ratings()) {
    PitchClasses profile = mode.base;
    for (const auto& [a, b] : mode.exchanged) std::swap(profile[a], profile[b]);
    ModeModel row{.mode = std::string(mode.name)};
    std::ranges::copy(standardised(profile), row.weights.begin());
    model.modes.push_back(std::move(row));
  }
  return model;
}

const ModeModel* KeyModel::find(std::string_view mode) const {
  const auto found = std::ranges::find(modes, mode, &ModeModel::mode);
  return found == modes.end() ? nullptr : &*found;
}

double key_score(const KeyWeights& features, const ModeModel& mode, int tonic) {
  double score = mode.bias;
  for (size_t half = 0; half < 24; half += 12) {
    for (size_t degree = 0; degree < 12; ++degree) {
      const size_t pitch_class = (degree + static_cast<size_t>(tonic)) % 12;
      score += double{mode.weights[half + degree]} * features[half + pitch_class];
    }
  }
  return score;
}

std::vector<KeyGuess> rank_keys(const KeyWeights& features, const KeyModel& model,
                                const std::vector<std::string>& modes) {
  std::vector<KeyGuess> ranking;
  if (std::ranges::all_of(features, [](float value) { return value == 0; })) return ranking;
  for (const ModeModel& mode : model.modes) {
    if (!modes.empty() && std::ranges::find(modes, mode.mode) == modes.end()) continue;
    for (int tonic = 0; tonic < 12; ++tonic) {
      ranking.push_back({{tonic, mode.mode}, key_score(features, mode, tonic)});
    }
  }
  std::ranges::stable_sort(ranking, std::ranges::greater{}, &KeyGuess::score);
  return ranking;
}

bool key_among(const std::vector<KeyGuess>& ranking, const Key& key, size_t places) {
  const auto end = ranking.begin() + static_cast<int64_t>(std::min(places, ranking.size()));
  return std::find_if(ranking.begin(), end,
                      [&](const KeyGuess& guess) { return guess.key == key; }) != end;
}

std::string_view pitch_name(int pitch_class) {
  return kNames[static_cast<size_t>((pitch_class % 12 + 12) % 12)];
}

}  // namespace riffle::eval
