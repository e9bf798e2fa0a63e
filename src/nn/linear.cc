// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/linear.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>

#include <cmath>

#include "nn/activations.h"
#include "nn/kernel_times.h"
#include "nn/kernels/matrix_product.h"
#include "nn/kernels/table.h"
#include "nn/mixed_precision.h"
#include "nn/packed_tensors.h"

namespace riffle::nn {

using kernels::PackedMatrix;

Linear::Linear(int64_t in_features, int64_t out_features, bool bias)
    : Linear(in_features, out_features, bias, PackedMatrix::Order::Plain) {}

Linear::Linear(int64_t in_features, int64_t out_features, bool bias, PackedMatrix::Order order)
    : in_features_(in_features), out_features_(out_features), order_(order) {
  weight_ = add_parameter("weight", {out_features, in_features});
  if (bias) bias_ = add_parameter("bias", {out_features});
}

at::Tensor Linear::forward(const at::Tensor& x, const at::Tensor& residual) {
  if (packed()) return multiply(x, residual, out_features_);
  const KernelTimer timer(KernelKind::Linear, flop(x));
  const at::Tensor y =
      from_multiply(at::linear(to_multiply(x), to_multiply(weight_), to_multiply(bias_)), x);
  return residual.defined() ? y + residual : y;
}

at::Tensor Linear::multiply(const at::Tensor& x, const at::Tensor& residual,
                            int64_t columns) const {
  const KernelTimer timer(KernelKind::Linear, flop(x));
  const at::Tensor rows = packed_input(x, "Linear").contiguous();
  const at::Tensor added = residual.defined() ? residual.contiguous() : residual;
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = columns;
  const at::Tensor out = activation(shape);
  kernels::multiply(kernels::StoredRows(rows.data_ptr<float>(), in_features_),
                    rows.numel() / in_features_, packed_weight_,
                    {.bias = float_data(bias_),
                     .residual = float_data(added),
                     .out = out.data_ptr<float>(),
                     .stride = columns});
  return out;
}

double Linear::flop(const at::Tensor& x) const {
  return 2.0 * static_cast<double>(x.numel()) * static_cast<double>(out_features_);
}

void Linear::do_pack(const PackOptions& options) {
  const at::Tensor weight = weight_.detach().to(at::kFloat).contiguous();
  packed_weight_ = PackedMatrix(kernels::kernel_table(), weight.data_ptr<float>(), out_features_,
                                in_features_, storage_of(options), order_);
  release(weight_);
}

void Linear::do_unpack() {
  restore(weight_, {out_features_, in_features_});
  packed_weight_.unpack(weight_.data_ptr<float>());
  packed_weight_ = {};
}

void Linear::reset(const at::Generator& generator) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in_features_));
  fill_uniform(weight_, bound, generator);
  if (bias_.defined()) fill_uniform(bias_, bound, generator);
}

GatedLinear::GatedLinear(int64_t in_features, int64_t out_features)
    : Linear(in_features, 2 * out_features, true, PackedMatrix::Order::Interleaved),
      gated_features_(out_features) {}

at::Tensor GatedLinear::forward(const at::Tensor& x) {
  if (packed()) return multiply(x, {}, gated_features_);
  const auto halves = Linear::forward(x).chunk(2, -1);
  return halves[0] * at::gelu(halves[1]);
}

}  // namespace riffle::nn
