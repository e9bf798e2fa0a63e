// SPDX-License-Identifier: GPL-3.0-or-later
// In which precision a training step multiplies. Parameters, gradients and the optimiser stay
// float32 whatever it is.
#pragma once

#include <c10/core/Device.h>

#include <optional>
#include <string_view>

#include "nn/mixed_precision.h"

namespace riffle::train {

enum class Precision { Float32, BFloat16, Float16 };

// "auto": bfloat16 on CUDA and on processors with AVX512-BF16, float32 elsewhere. "float32",
// "bfloat16", "float16". Throws Error{InvalidArgument} for another name, Error{Unsupported} for
// float16 on the CPU.
Precision precision_from_name(std::string_view name, at::Device device);
std::string_view name_of(Precision precision);

// While it lives, products and convolutions of this thread run in the precision: by libtorch's
// autocasting on CUDA, by nn::MixedPrecision on the CPU.
class AutocastScope {
 public:
  AutocastScope(Precision precision, at::Device device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  Precision precision_;
  at::Device device_;
  bool before_ = false;
  std::optional<nn::MixedPrecision> on_cpu_;
};

}  // namespace riffle::train
