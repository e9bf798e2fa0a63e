// SPDX-License-Identifier: GPL-3.0-or-later
// What pitch classes are in each mode, learned from clips whose key is known: multinomial logistic
// regression over all keys, with weights that are the same for every tonic.
#pragma once

#include <span>

#include "eval/key.h"

namespace riffle::eval {

struct KeyExample {
  KeyWeights features{};
  Key key;
};

struct LearnKeysOptions {
  int iterations = 400;
  double learning_rate = 0.1;
  // Pulls towards the ratings, so that a mode with few examples is left near them.
  double decay = 2e-3;
};

// Examples of unknown modes are passed over. Deterministic.
KeyModel learn_keys(std::span<const KeyExample> examples, const LearnKeysOptions& options = {});

}  // namespace riffle::eval
