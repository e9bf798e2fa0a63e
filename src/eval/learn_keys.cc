// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/learn_keys.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace riffle::eval {
namespace {

// Correlations are at most 1 apart; as exponents they would tell keys apart hardly at all.
constexpr float kSharpness = 8;
constexpr int kTonics = 12;

using Gradient = std::array<double, 25>;  // of the weights, then of the bias

void add_features(Gradient& gradient, const KeyWeights& features, int tonic, double share) {
  for (size_t half = 0; half < 24; half += 12) {
    for (size_t degree = 0; degree < 12; ++degree) {
      const size_t pitch_class = (degree + static_cast<size_t>(tonic)) % 12;
      gradient[half + degree] += share * features[half + pitch_class];
    }
  }
  gradient[24] += share;
}

// Of minus the logarithm of the right key's probability.
void add_example(std::vector<Gradient>& gradients, const KeyModel& model,
                 const KeyExample& example) {
  std::vector<double> shares;
  for (const ModeModel& mode : model.modes) {
    for (int tonic = 0; tonic < kTonics; ++tonic) {
      shares.push_back(key_score(example.features, mode, tonic));
    }
  }
  const double largest = std::ranges::max(shares);
  double sum = 0;
  for (double& share : shares) sum += share = std::exp(share - largest);
  for (size_t k = 0; k < shares.size(); ++k) {
    const size_t mode = k / kTonics;
    const int tonic = static_cast<int>(k % kTonics);
    const bool right = example.key == Key{tonic, model.modes[mode].mode};
    add_features(gradients[mode], example.features, tonic, shares[k] / sum - (right ? 1 : 0));
  }
}

KeyModel sharp_ratings() {
  KeyModel model = KeyModel::of_ratings();
  for (ModeModel& mode : model.modes) {
    for (float& weight : mode.weights) weight *= kSharpness;
  }
  return model;
}

}  // namespace

KeyModel learn_keys(std::span<const KeyExample> examples, const LearnKeysOptions& options) {
  const KeyModel start = sharp_ratings();
  KeyModel model = start;
  std::vector<const KeyExample*> known;
  for (const KeyExample& example : examples) {
    if (model.find(example.key.mode) != nullptr) known.push_back(&example);
  }
  if (known.empty()) return model;
  // Adam (Kingma and Ba 2015) over all examples at once.
  constexpr double kFirst = 0.9;
  constexpr double kSecond = 0.99;
  std::vector<Gradient> means(model.modes.size(), Gradient{});
  std::vector<Gradient> squares(model.modes.size(), Gradient{});
  for (int i = 1; i <= options.iterations; ++i) {
    std::vector<Gradient> gradients(model.modes.size(), Gradient{});
    for (const KeyExample* example : known) add_example(gradients, model, *example);
    const double rate = options.learning_rate * (1 - double(i - 1) / options.iterations);
    for (size_t m = 0; m < model.modes.size(); ++m) {
      for (size_t k = 0; k < 25; ++k) {
        float& value = k < 24 ? model.modes[m].weights[k] : model.modes[m].bias;
        const float at_start = k < 24 ? start.modes[m].weights[k] : start.modes[m].bias;
        const double slope = gradients[m][k] / static_cast<double>(known.size()) +
                             options.decay * (double{value} - at_start);
        means[m][k] = kFirst * means[m][k] + (1 - kFirst) * slope;
        squares[m][k] = kSecond * squares[m][k] + (1 - kSecond) * slope * slope;
        const double mean = means[m][k] / (1 - std::pow(kFirst, i));
        const double square = squares[m][k] / (1 - std::pow(kSecond, i));
        value -= static_cast<float>(rate * mean / (std::sqrt(square) + 1e-9));
      }
    }
  }
  return model;
}

}  // namespace riffle::eval
