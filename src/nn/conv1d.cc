// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/conv1d.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <vector>

#include "nn/activations.h"
#include "nn/conv2d.h"
#include "nn/kernel_times.h"
#include "nn/kernels/matrix_product.h"
#include "nn/kernels/table.h"
#include "nn/mixed_precision.h"
#include "nn/packed_tensors.h"

namespace riffle::nn {
namespace {

// The time axis `dim` of x with `reach` columns more at either end. Wraps as often as it must:
// sequences may be shorter than the reach.
at::Tensor with_ends(const at::Tensor& x, int64_t dim, int64_t reach) {
  if (reach == 0) return x;
  if (CircularWidth::active()) {
    const int64_t columns = x.size(dim);
    const at::Tensor index =
        at::arange(-reach, columns + reach, x.options().dtype(at::kLong)).remainder(columns);
    return x.index_select(dim, index);
  }
  std::vector<int64_t> padding(static_cast<size_t>(2 * (x.dim() - dim)), 0);
  padding[padding.size() - 2] = reach;
  padding[padding.size() - 1] = reach;
  return at::constant_pad_nd(x, padding);
}

}  // namespace

Conv1d::Conv1d(int64_t in_channels, int64_t out_channels, int64_t kernel)
    : in_channels_(in_channels), out_channels_(out_channels), kernel_(kernel) {
  weight_ = add_parameter("weight", {out_channels, in_channels, kernel});
  bias_ = add_parameter("bias", {out_channels});
}

at::Tensor Conv1d::forward(const at::Tensor& x, const at::Tensor& residual) {
  const KernelTimer timer(
      KernelKind::OtherConvolution,
      2.0 * static_cast<double>(x.numel()) * static_cast<double>(out_channels_ * kernel_));
  if (packed()) return convolve_packed(x, residual);
  const at::Tensor y = convolve(x);
  return residual.defined() ? y + residual : y;
}

at::Tensor Conv1d::convolve(const at::Tensor& x) const {
  const int64_t reach = kernel_ / 2;
  const at::Tensor input = to_multiply(x);
  const at::Tensor weight = to_multiply(weight_).unsqueeze(2);
  const at::Tensor bias = to_multiply(bias_);
  const bool wraps = CircularWidth::active() && reach > 0;
  const std::vector<int64_t> padding{0, wraps ? 0 : reach};
  return from_multiply(
      at::conv2d(wraps ? with_ends(input, 3, reach) : input, weight, bias, {1, 1}, padding), x);
}

// As a product: channels last, the columns a kernel sees lie side by side.
at::Tensor Conv1d::convolve_packed(const at::Tensor& x, const at::Tensor& residual) const {
  const int64_t columns = x.size(3);
  const at::Tensor sequence = packed_input(x, "Conv1d").squeeze(2).transpose(1, 2);
  at::Tensor rows = sequence.contiguous();
  if (kernel_ > 1) {
    const at::Tensor padded = with_ends(rows, 1, kernel_ / 2);
    std::vector<at::Tensor> shifted;
    for (int64_t k = 0; k < kernel_; ++k) shifted.push_back(padded.narrow(1, k, columns));
    rows = at::cat(shifted, 2);
  }
  const at::Tensor added =
      residual.defined() ? residual.squeeze(2).transpose(1, 2).contiguous() : residual;
  const at::Tensor out = activation({x.size(0), columns, out_channels_});
  kernels::multiply(kernels::StoredRows(rows.data_ptr<float>(), rows.size(2)), x.size(0) * columns,
                    packed_weight_,
                    {.bias = bias_.data_ptr<float>(),
                     .residual = float_data(added),
                     .out = out.data_ptr<float>(),
                     .stride = out_channels_});
  return out.transpose(1, 2).unsqueeze(2);
}

void Conv1d::do_pack(const PackOptions& options) {
  const at::Tensor turned = weight_.detach().to(at::kFloat).permute({0, 2, 1}).contiguous();
  packed_weight_ =
      kernels::PackedMatrix(kernels::kernel_table(), turned.data_ptr<float>(), out_channels_,
                            kernel_ * in_channels_, storage_of(options));
  release(weight_);
}

void Conv1d::do_unpack() {
  at::Tensor turned = at::empty({out_channels_, kernel_, in_channels_});
  packed_weight_.unpack(turned.data_ptr<float>());
  weight_.set_data(turned.permute({0, 2, 1}).contiguous());
  packed_weight_ = {};
}

void Conv1d::reset(const at::Generator& generator) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in_channels_ * kernel_));
  fill_uniform(weight_, bound, generator);
  fill_uniform(bias_, bound, generator);
}

void Conv1d::reset_to_zero() {
  fill(weight_, 0);
  fill(bias_, 0);
}

}  // namespace riffle::nn
