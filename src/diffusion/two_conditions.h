// SPDX-License-Identifier: GPL-3.0-or-later
// Classifier-free guidance by two conditions at once: the music to go with (context) and the sound
// that is wished for (style). With D0 the prediction without either, Dc and Ds with one of them and
// Dcs with both:
//   nested       D0 + c (Dc - D0) + s (Dcs - Dc)            (Brooks et al. 2023, InstructPix2Pix)
//   independent  D0 + c (Dc - D0) + s (Ds - D0)             (Liu et al. 2022, Composable Diffusion)
//   joint        Dcs + (c - 1) (Dcs - Ds) + (s - 1) (Dcs - Dc)
// Each is a sum of predictions whose weights add up to one, and those of weight zero need not be
// made: nested with c = s takes two. Where one condition is absent all are D0 + w (D - D0).
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

namespace riffle::diffusion {

enum class GuidanceRule { Nested, Independent, Joint };

// "nested", "independent", "joint". Throws Error{InvalidArgument}.
GuidanceRule guidance_rule(const std::string& name);

struct TwoConditionGuidance {
  double context = 1.25;  // 0 ignores the condition, 1 follows it, above 1 exaggerates
  double style = 1.25;
  GuidanceRule rule = GuidanceRule::Nested;
  double rescale = 0;  // 0 to 1: as in guidance.h, by the prediction that is told most
  // Noise levels (sigma) down to which conditions are exaggerated. What is decided below is too
  // fine to tell instruments or chords by, and one prediction does for it (Kynkaanniemi et al.
  // 2024, "Applying Guidance in a Limited Interval").
  double least_noise = 0;

  // What holds at a noise level: below least_noise nothing is above 1.
  TwoConditionGuidance at(double noise_level) const;

  // Throws Error{InvalidArgument} naming the field that is out of range.
  void validate() const;
};

// One prediction to make, and what it weighs in the sum.
struct WeighedPrediction {
  bool context = false;  // made with the context
  bool style = false;    // made with the style
  double weight = 1;
};

// At least one, the one that is told most last; no weight is zero.
std::vector<WeighedPrediction> predictions_of(const TwoConditionGuidance& guidance,
                                              bool has_context, bool has_style);

// predictions: [N B, ...], those of the first first, of the one that is told most last -> [B, ...].
at::Tensor weighed_sum(const at::Tensor& predictions, std::span<const WeighedPrediction> weights,
                       double rescale = 0);

}  // namespace riffle::diffusion
