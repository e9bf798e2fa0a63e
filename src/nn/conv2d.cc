// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/conv2d.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/pad.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <cmath>

#include "nn/activations.h"
#include "nn/kernel_times.h"
#include "nn/kernels/convolution.h"
#include "nn/kernels/table.h"
#include "nn/mixed_precision.h"
#include "nn/packed_tensors.h"

namespace riffle::nn {
namespace {

thread_local bool t_circular_width = false;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

}  // namespace

Conv2d::Conv2d(int64_t in_channels, int64_t out_channels, Conv2dOptions options)
    : in_channels_(in_channels), out_channels_(out_channels), options_(options) {
  weight_ = add_parameter("weight", {out_channels, in_channels, options.kernel, options.kernel});
  bias_ = add_parameter("bias", {out_channels});
}

at::Tensor Conv2d::forward(const at::Tensor& x, const Conv2dExtras& extras) {
  const auto& to = extras.enlarge;
  // Of the direct form; what sticks out at the borders counts too.
  const int64_t pixels = to ? to->height * to->width : x.size(2) * x.size(3);
  const KernelTimer timer(
      suits_winograd() ? KernelKind::Convolution3x3 : KernelKind::OtherConvolution,
      2.0 * static_cast<double>(x.size(0) * pixels / (options_.stride * options_.stride)) *
          static_cast<double>(weight_elements()));
  if (packed()) return convolve_packed(x, extras);
  at::Tensor y = convolve(to ? at::upsample_nearest2d(x, {to->height, to->width}) : x);
  if (extras.item_bias.defined()) y = y + extras.item_bias.unsqueeze(-1).unsqueeze(-1);
  return extras.residual.defined() ? y + extras.residual : y;
}

at::Tensor Conv2d::convolve(const at::Tensor& picture) const {
  const at::Tensor x = to_multiply(picture);
  const at::Tensor weight = to_multiply(weight_);
  const at::Tensor bias = to_multiply(bias_);
  const auto result = [&](const at::Tensor& padded, int64_t padding) {
    return from_multiply(at::conv2d(padded, weight, bias, options_.stride, padding), picture);
  };
  const int64_t begin = options_.padding;
  const int64_t end = options_.padding + options_.extra_end_padding;
  if (t_circular_width && end > 0) {
    const at::Tensor wrapped = at::pad(x, {begin, end, 0, 0}, "circular");
    return result(at::constant_pad_nd(wrapped, {0, 0, begin, end}), 0);
  }
  if (begin != end) return result(at::constant_pad_nd(x, {begin, end, begin, end}), 0);
  return result(x, begin);
}

at::Tensor Conv2d::convolve_packed(const at::Tensor& x, const Conv2dExtras& extras) const {
  const at::Tensor picture = packed_input(x, "Conv2d").contiguous(kChannelsLast);
  kernels::ConvGeometry::Axis vertical{
      .size = x.size(2),
      .enlarged = extras.enlarge ? extras.enlarge->height : x.size(2),
      .begin_padding = options_.padding,
      .end_padding = options_.padding + options_.extra_end_padding};
  kernels::ConvGeometry::Axis horizontal = vertical;
  horizontal.size = x.size(3);
  horizontal.enlarged = extras.enlarge ? extras.enlarge->width : x.size(3);
  horizontal.circular = t_circular_width;
  const kernels::ConvGeometry geometry(vertical, horizontal, options_.kernel, options_.stride);
  const at::Tensor out = activation(
      {x.size(0), out_channels_, geometry.out_height, geometry.out_width}, kChannelsLast);
  at::Tensor bias = bias_;
  if (extras.item_bias.defined()) bias = (bias_ + extras.item_bias).contiguous();
  const at::Tensor residual =
      extras.residual.defined() ? extras.residual.contiguous(kChannelsLast) : at::Tensor();
  const kernels::ConvCall call{.x = picture.data_ptr<float>(),
                               .batch = x.size(0),
                               .bias = bias.data_ptr<float>(),
                               .bias_stride = extras.item_bias.defined() ? out_channels_ : 0,
                               .residual = float_data(residual),
                               .out = out.data_ptr<float>()};
  if (suits_winograd()) {
    winograd_convolution(packed_winograd_, geometry, call);
  } else {
    direct_convolution(packed_direct_, geometry, call);
  }
  return out;
}

bool Conv2d::suits_winograd() const { return options_.kernel == 3 && options_.stride == 1; }

int64_t Conv2d::weight_elements() const {
  return out_channels_ * in_channels_ * options_.kernel * options_.kernel;
}

void Conv2d::do_pack(const PackOptions& options) {
  const at::Tensor weight = weight_.detach().to(at::kFloat);
  const auto& table = kernels::kernel_table();
  if (suits_winograd()) {
    packed_winograd_ = kernels::PackedConv3x3(table, weight.contiguous().data_ptr<float>(),
                                              out_channels_, in_channels_, storage_of(options));
  } else {
    const at::Tensor turned = weight.permute({0, 2, 3, 1}).contiguous();
    packed_direct_ = kernels::PackedMatrix(table, turned.data_ptr<float>(), out_channels_,
                                           options_.kernel * options_.kernel * in_channels_,
                                           storage_of(options));
  }
  release(weight_);
}

void Conv2d::do_unpack() {
  const int64_t kernel = options_.kernel;
  if (suits_winograd()) {
    restore(weight_, {out_channels_, in_channels_, kernel, kernel});
    packed_winograd_.unpack(weight_.data_ptr<float>());
  } else {
    at::Tensor turned = at::empty({out_channels_, kernel, kernel, in_channels_});
    packed_direct_.unpack(turned.data_ptr<float>());
    weight_.set_data(turned.permute({0, 3, 1, 2}).contiguous());
  }
  packed_winograd_ = {};
  packed_direct_ = {};
}

void Conv2d::reset(const at::Generator& generator) {
  const int64_t fan_in = in_channels_ * options_.kernel * options_.kernel;
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  fill_uniform(weight_, bound, generator);
  fill_uniform(bias_, bound, generator);
}

CircularWidth::CircularWidth(bool on) : before_(t_circular_width) { t_circular_width = on; }
CircularWidth::~CircularWidth() { t_circular_width = before_; }
bool CircularWidth::active() { return t_circular_width; }

}  // namespace riffle::nn
