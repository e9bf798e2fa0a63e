// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/learning_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace riffle::train {

double LearningRate::at(int64_t step, int64_t steps) const {
  const int64_t warm_up = std::min(warm_up_steps, std::max<int64_t>(1, steps / 10));
  if (step < warm_up) return peak * static_cast<double>(step + 1) / static_cast<double>(warm_up);
  double height = 1;  // 1 at the top, 0 at the end
  if (shape == Shape::Cosine) {
    const double done = static_cast<double>(step - warm_up) /
                        static_cast<double>(std::max<int64_t>(1, steps - warm_up));
    height = 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done)));
  } else {
    const double falling = std::max(1.0, decay * static_cast<double>(steps));
    height = std::clamp(static_cast<double>(steps - step) / falling, 0.0, 1.0);
  }
  return peak * (last + (1 - last) * height);
}

LearningRate::Shape rate_shape_from_name(std::string_view name) {
  if (name == "cosine") return LearningRate::Shape::Cosine;
  if (name == "constant") return LearningRate::Shape::Constant;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("learning rate: expected cosine or constant, got \"{}\"", name));
}

}  // namespace riffle::train
