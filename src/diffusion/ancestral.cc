// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/ancestral.h"

#include <algorithm>
#include <cmath>

namespace riffle::diffusion {

AncestralSplit ancestral_split(double from, double to, double eta) {
  const double ratio = to / from;
  const double up = std::min(to, eta * to * std::sqrt(std::max(1 - ratio * ratio, 0.0)));
  return {std::sqrt(to * to - up * up), up};
}

}  // namespace riffle::diffusion
