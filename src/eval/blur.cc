// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/blur.h"

#include <ATen/ATen.h>

namespace riffle::eval {
namespace {

double mean_difference(const at::Tensor& levels, int64_t dimension) {
  if (levels.size(dimension) < 2) return 0;
  return levels.diff(1, dimension).abs().mean().item<double>();
}

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

}  // namespace

Steepness steepness(const at::Tensor& levels) {
  const at::Tensor unit =
      levels.scalar_type() == at::kByte ? levels.to(at::kFloat) / 255 : levels.to(at::kFloat);
  return {.time = mean_difference(unit, -1), .frequency = mean_difference(unit, -2)};
}

Steepness relative_steepness(const Steepness& generated, const Steepness& real) {
  return {.time = ratio(generated.time, real.time),
          .frequency = ratio(generated.frequency, real.frequency)};
}

}  // namespace riffle::eval
