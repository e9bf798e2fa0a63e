// SPDX-License-Identifier: GPL-3.0-or-later
// Classifier-free guidance: Ho & Salimans 2022, with the rescaling of Lin et al. 2023 (section 3.4)
// and the interval of Kynkaanniemi et al. 2024.
#pragma once

#include <ATen/core/Tensor.h>

namespace riffle::diffusion {

struct GuidanceOptions {
  double scale = 7.0;    // g in u + g (c - u); 1 and below is no guidance
  double rescale = 0.0;  // 0 to 1: how far each item is brought back to its conditional deviation
  double start = 0.0;    // the share of the run guidance begins at...
  double stop = 1.0;     // ...and ends before; the last step belongs to 1

  // Throws Error{InvalidArgument} naming the field that is out of range.
  void validate() const;
};

// Whether the step at `progress` (0 for the first, below 1 for all) is guided. If not, the
// conditional prediction stands alone and the unconditional need not be made.
bool is_guided(const GuidanceOptions& options, double progress);

// Each item of the batch multiplied towards the deviation it has in `conditional`: wholly with a
// share of 1, not at all with 0. Keeps strong guidance from raising the contrast.
at::Tensor rescaled(const at::Tensor& prediction, const at::Tensor& conditional, double share);

// u + g (c - u).
at::Tensor guided(const at::Tensor& unconditional, const at::Tensor& conditional, double scale);

// The same, then rescaled. Tensors are [B, ...].
at::Tensor guided(const at::Tensor& unconditional, const at::Tensor& conditional,
                  const GuidanceOptions& options);

}  // namespace riffle::diffusion
