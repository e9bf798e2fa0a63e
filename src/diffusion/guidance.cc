// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/guidance.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numeric>
#include <vector>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

// The standard deviation of each item, [B, 1, ...].
at::Tensor deviation_of_items(const at::Tensor& batch) {
  std::vector<int64_t> dimensions(static_cast<size_t>(batch.dim() - 1));
  std::iota(dimensions.begin(), dimensions.end(), 1);
  return batch.std(dimensions, /*unbiased=*/true, /*keepdim=*/true);
}

void require(bool holds, const char* field, const char* expected, double got) {
  if (!holds)
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("guidance: {} must be {}, got {}", field, expected, got));
}

}  // namespace

void GuidanceOptions::validate() const {
  require(scale >= 0 && scale <= 100, "scale", "0 to 100", scale);
  require(rescale >= 0 && rescale <= 1, "rescale", "0 to 1", rescale);
  require(start >= 0 && start <= 1, "start", "0 to 1", start);
  require(stop >= start && stop <= 1, "stop", "from start to 1", stop);
}

bool is_guided(const GuidanceOptions& options, double progress) {
  return options.scale > 1 && progress >= options.start && progress < options.stop;
}

at::Tensor rescaled(const at::Tensor& prediction, const at::Tensor& conditional, double share) {
  if (share == 0) return prediction;
  const at::Tensor factor = deviation_of_items(conditional) / deviation_of_items(prediction);
  return prediction * (1 - share + share * factor);
}

at::Tensor guided(const at::Tensor& unconditional, const at::Tensor& conditional, double scale) {
  return unconditional + scale * (conditional - unconditional);
}

at::Tensor guided(const at::Tensor& unconditional, const at::Tensor& conditional,
                  const GuidanceOptions& options) {
  return rescaled(guided(unconditional, conditional, options.scale), conditional, options.rescale);
}

}  // namespace riffle::diffusion
