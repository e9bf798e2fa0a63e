// SPDX-License-Identifier: GPL-3.0-or-later
// Training in mixed precision (Micikevicius et al. 2018) on the CPU: convolutions and linear layers
// multiply in bfloat16 and hand on float32; weights, norms and activations stay float32. Processors
// with AVX512-BF16 or AMX multiply about twice as fast so; libtorch's own autocast would take the
// norms along, which are several times slower in bfloat16 there.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <optional>

namespace riffle::nn {

// While it lives, unpacked Conv2d and Linear layers run by this thread multiply in this type.
// Scopes nest.
class MixedPrecision {
 public:
  // kFloat: no conversion. Throws Error{InvalidArgument} for anything but kFloat, kBFloat16, kHalf.
  explicit MixedPrecision(at::ScalarType type);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

  static std::optional<at::ScalarType> active();  // empty outside of scopes and for kFloat

 private:
  std::optional<at::ScalarType> before_;
};

// x in the active type; x itself where there is none, or where x is not float32. Undefined stays
// so.
at::Tensor to_multiply(const at::Tensor& x);
// The product as float32 again, where a scope is active and `like` was float32.
at::Tensor from_multiply(const at::Tensor& product, const at::Tensor& like);

}  // namespace riffle::nn
