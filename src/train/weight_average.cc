// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/weight_average.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace riffle::train {

double power_of_width(double relative_width) {
  // Falls from 1 / sqrt(12) at gamma 0.
  const auto width = [](double g) { return std::sqrt((g + 1) / ((g + 3) * (g + 2) * (g + 2))); };
  if (!(relative_width > 1e-4 && relative_width < width(0))) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("width of the weights' average: expected more than 0 and less than "
                            "0.28, got {}",
                            relative_width));
  }
  double low = 0;
  double high = 1e5;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (width(middle) > relative_width ? low : high) = middle;
  }
  return low;
}

double WeightAverage::keep(int64_t update) const {
  const auto t = static_cast<double>(update);
  if (profile == Profile::Fixed) return std::min(decay, (1 + t) / (10 + t));
  return update <= 1 ? 0 : std::pow(1 - 1 / t, power_of_width(relative_width) + 1);
}

}  // namespace riffle::train
