// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/space_to_channels.h"

#include <fmt/format.h>

#include "core/error.h"

namespace riffle::nn {
namespace {

void require_multiple(int64_t whole, int64_t part, const char* what) {
  if (whole > 0 && part > 0 && whole % part == 0) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{}: {} is no multiple of {}", what, whole, part));
}

}  // namespace

at::Tensor space_to_channels(const at::Tensor& x, const FoldFactor& factor) {
  const int64_t rows = x.size(2) / factor.rows;
  const int64_t columns = x.size(3) / factor.columns;
  return x.reshape({x.size(0), x.size(1), rows, factor.rows, columns, factor.columns})
      .permute({0, 1, 3, 5, 2, 4})
      .reshape({x.size(0), x.size(1) * factor.count(), rows, columns});
}

at::Tensor channels_to_space(const at::Tensor& x, const FoldFactor& factor) {
  const int64_t channels = x.size(1) / factor.count();
  return x.reshape({x.size(0), channels, factor.rows, factor.columns, x.size(2), x.size(3)})
      .permute({0, 1, 4, 2, 5, 3})
      .reshape({x.size(0), channels, x.size(2) * factor.rows, x.size(3) * factor.columns});
}

FoldDown::FoldDown(int64_t in_channels, int64_t out_channels, FoldFactor factor)
    : out_channels_(out_channels), factor_(factor) {
  require_multiple(out_channels, factor.count(), "fold: output channels and factor");
  require_multiple(in_channels * factor.count(), out_channels, "fold: folded and output channels");
  conv_ =
      register_module("conv", std::make_shared<Conv2d>(in_channels, out_channels / factor.count()));
}

at::Tensor FoldDown::forward(const at::Tensor& x) {
  const at::Tensor folded = space_to_channels(x, factor_);
  const at::Tensor shortcut = folded.unflatten(1, {out_channels_, -1}).mean(2);
  return space_to_channels(conv_->forward(x), factor_) + shortcut;
}

FoldUp::FoldUp(int64_t in_channels, int64_t out_channels, FoldFactor factor)
    : in_channels_(in_channels), out_channels_(out_channels), factor_(factor) {
  const int64_t wide = out_channels * factor.count();
  if (wide >= in_channels)
    require_multiple(wide, in_channels, "unfold: output and input channels");
  else
    require_multiple(in_channels, wide, "unfold: input and output channels");
  conv_ = register_module("conv", std::make_shared<Conv2d>(in_channels, wide));
}

at::Tensor FoldUp::forward(const at::Tensor& x) {
  const int64_t wide = out_channels_ * factor_.count();
  const at::Tensor shortcut = wide >= in_channels_ ? x.repeat_interleave(wide / in_channels_, 1)
                                                   : x.unflatten(1, {wide, -1}).mean(2);
  return channels_to_space(conv_->forward(x) + shortcut, factor_);
}

}  // namespace riffle::nn
