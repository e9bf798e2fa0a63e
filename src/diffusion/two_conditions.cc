// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/two_conditions.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "diffusion/guidance.h"

namespace riffle::diffusion {
namespace {

constexpr double kMostGuidance = 50;
constexpr double kMostNoise = 1000;

// Of D0, Dc, Ds, Dcs.
struct Weights {
  double none = 0;
  double context = 0;
  double style = 0;
  double both = 0;
};

Weights weights_of(const TwoConditionGuidance& guidance) {
  const double c = guidance.context;
  const double s = guidance.style;
  switch (guidance.rule) {
    case GuidanceRule::Nested:
      return {1 - c, c - s, 0, s};
    case GuidanceRule::Independent:
      return {1 - c - s, c, s, 0};
    case GuidanceRule::Joint:
      return {0, 1 - s, 1 - c, c + s - 1};
  }
  throw Error(ErrorCode::Internal, "a guidance rule without a formula");
}

void require(double value, const char* field, double most) {
  if (value >= 0 && value <= most) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("guidance: {} must be 0 to {}, got {}", field, most, value));
}

}  // namespace

GuidanceRule guidance_rule(const std::string& name) {
  if (name == "nested") return GuidanceRule::Nested;
  if (name == "independent") return GuidanceRule::Independent;
  if (name == "joint") return GuidanceRule::Joint;
  throw Error(ErrorCode::InvalidArgument, fmt::format("there is no guidance rule \"{}\"", name),
              "the rules are nested, independent and joint");
}

void TwoConditionGuidance::validate() const {
  require(context, "context", kMostGuidance);
  require(style, "style", kMostGuidance);
  require(rescale, "rescale", 1);
  require(least_noise, "least_noise", kMostNoise);
}

TwoConditionGuidance TwoConditionGuidance::at(double noise_level) const {
  TwoConditionGuidance here = *this;
  if (noise_level < least_noise) {
    here.context = std::min(context, 1.0);
    here.style = std::min(style, 1.0);
  }
  return here;
}

std::vector<WeighedPrediction> predictions_of(const TwoConditionGuidance& guidance,
                                              bool has_context, bool has_style) {
  guidance.validate();
  Weights weights;
  if (has_context && has_style) {
    weights = weights_of(guidance);
  } else if (has_context) {
    weights = {1 - guidance.context, guidance.context, 0, 0};
  } else if (has_style) {
    weights = {1 - guidance.style, 0, guidance.style, 0};
  } else {
    weights.none = 1;
  }
  std::vector<WeighedPrediction> predictions = {{false, false, weights.none},
                                                {true, false, weights.context},
                                                {false, true, weights.style},
                                                {true, true, weights.both}};
  std::erase_if(predictions, [](const WeighedPrediction& p) { return p.weight == 0; });
  return predictions;
}

at::Tensor weighed_sum(const at::Tensor& predictions, std::span<const WeighedPrediction> weights,
                       double rescale) {
  const auto count = static_cast<int64_t>(weights.size());
  if (count == 0 || predictions.size(0) % count != 0)
    throw Error(ErrorCode::Internal,
                fmt::format("{} predictions for {} weights", predictions.size(0), weights.size()));
  const int64_t batch = predictions.size(0) / count;
  at::Tensor sum;
  for (int64_t k = 0; k < count; ++k) {
    const at::Tensor part =
        predictions.narrow(0, k * batch, batch) * weights[static_cast<size_t>(k)].weight;
    sum = sum.defined() ? sum + part : part;
  }
  return rescaled(sum, predictions.narrow(0, (count - 1) * batch, batch), rescale);
}

}  // namespace riffle::diffusion
