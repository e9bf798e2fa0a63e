// SPDX-License-Identifier: GPL-3.0-or-later
// How the learning rate goes over a run: up in a straight line, then down.
#pragma once

#include <cstdint>
#include <string_view>

namespace riffle::train {

struct LearningRate {
  enum class Shape {
    Cosine,    // down to `last` along half a cosine
    Constant,  // level, then down to `last` in a straight line over the last `decay` of the run
  };
  double peak = 4e-4;
  int64_t warm_up_steps = 500;  // at most a tenth of the run
  Shape shape = Shape::Constant;
  double decay = 0.3;  // of the run
  double last = 0;     // what it comes down to, as a share of the peak

  // Of the step'th update (from 0) of a run of `steps`. The first is peak / warm_up, the last
  // update of a run is one step above `last`.
  double at(int64_t step, int64_t steps) const;
};

// "cosine", "constant". Throws Error{InvalidArgument}.
LearningRate::Shape rate_shape_from_name(std::string_view name);

}  // namespace riffle::train
