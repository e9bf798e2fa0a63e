// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/mixed_precision.h"

#include "core/error.h"

namespace riffle::nn {
namespace {

thread_local std::optional<at::ScalarType> t_type;

}  // namespace

MixedPrecision::MixedPrecision(at::ScalarType type) : before_(t_type) {
  if (type != at::kFloat && type != at::kBFloat16 && type != at::kHalf) {
    throw Error(ErrorCode::InvalidArgument,
                "mixed precision: expected float32, bfloat16 or float16");
  }
  t_type = type == at::kFloat ? std::nullopt : std::optional(type);
}

MixedPrecision::~MixedPrecision() { t_type = before_; }

std::optional<at::ScalarType> MixedPrecision::active() { return t_type; }

at::Tensor to_multiply(const at::Tensor& x) {
  return t_type && x.defined() && x.scalar_type() == at::kFloat ? x.to(*t_type) : x;
}

at::Tensor from_multiply(const at::Tensor& product, const at::Tensor& like) {
  return t_type && like.scalar_type() == at::kFloat ? product.to(at::kFloat) : product;
}

}  // namespace riffle::nn
