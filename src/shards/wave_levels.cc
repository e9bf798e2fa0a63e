// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/wave_levels.h"

#include <ATen/ops/stack.h>

namespace riffle::shards {
namespace {

constexpr int64_t kZero = 32768;  // of silence
constexpr double kFullScale = 32767;

}  // namespace

at::Tensor wave_levels(const at::Tensor& mono) {
  const at::Tensor samples =
      (mono.clamp(-1, 1) * kFullScale).round().to(at::kInt).add(kZero).contiguous();
  return at::stack({samples.div(256, "floor"), samples.remainder(256)}).to(at::kByte);
}

at::Tensor wave_of_levels(const at::Tensor& levels) {
  const at::Tensor samples = levels.to(at::kInt);
  return (samples[0] * 256 + samples[1] - kZero).to(at::kFloat) / kFullScale;
}

}  // namespace riffle::shards
