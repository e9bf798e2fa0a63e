// SPDX-License-Identifier: GPL-3.0-or-later
// The split of a step from one sigma to another into a deterministic part, further down, and fresh
// noise on top of it.
#pragma once

namespace riffle::diffusion {

struct AncestralSplit {
  double down = 0;  // the sigma to step to
  double up = 0;    // standard deviation of the noise to add: down^2 + up^2 = to^2
};

// from >= to >= 0, from > 0; eta 0 adds no noise, eta 1 as much as DDPM's posterior.
AncestralSplit ancestral_split(double from, double to, double eta);

}  // namespace riffle::diffusion
