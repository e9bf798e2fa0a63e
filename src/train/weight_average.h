// SPDX-License-Identifier: GPL-3.0-or-later
// How much an exponential average of the weights keeps of itself at each update.
#pragma once

#include <cstdint>

namespace riffle::train {

struct WeightAverage {
  enum class Profile {
    // The average's width grows with the run, so it needs no tuning to its length (Karras et al.
    // 2024, arXiv:2312.02696, section 3.1): beta = (1 - 1/t)^(gamma + 1).
    Power,
    // beta fixed, lower at first so that the starting values are soon forgotten.
    Fixed,
  };
  Profile profile = Profile::Power;
  double relative_width = 0.08;  // Power: standard deviation of the profile over the run's length
  double decay = 0.9995;         // Fixed

  // At the t'th update, from 1.
  double keep(int64_t update) const;
};

// The gamma whose profile has this relative width: width^2 = (g + 1) / ((g + 2)^2 (g + 3)). Throws
// Error{InvalidArgument} outside (0, 0.28).
double power_of_width(double relative_width);

}  // namespace riffle::train
