// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernels/convolution.h"

#include <algorithm>
#include <cstring>

#include "nn/kernels/matrix_product.h"

namespace riffle::nn::kernels {
namespace {

std::vector<int32_t> sources(const ConvGeometry::Axis& axis) {
  std::vector<int32_t> map;
  for (int64_t i = -axis.begin_padding; i < axis.enlarged + axis.end_padding; ++i) {
    int64_t at = i;
    if (axis.circular) at = (i % axis.enlarged + axis.enlarged) % axis.enlarged;
    const bool inside = at >= 0 && at < axis.enlarged;
    map.push_back(inside ? static_cast<int32_t>(at * axis.size / axis.enlarged) : -1);
  }
  return map;
}

int64_t out_size(const std::vector<int32_t>& map, int64_t kernel, int64_t stride) {
  return (static_cast<int64_t>(map.size()) - kernel) / stride + 1;
}

bool is_doubled(const ConvGeometry::Axis& axis) {
  return axis.enlarged == 2 * axis.size && axis.begin_padding == 1 && axis.end_padding == 1;
}

// The patches under the kernel, as rows.
class Patches final : public RowSource {
 public:
  Patches(const ConvGeometry& geometry, const float* x, int64_t channels)
      : geometry_(geometry), x_(x), channels_(channels) {}

  Block block(int64_t row, int64_t rows, int64_t first, int64_t count,
              float* scratch) const override {
    const int64_t stride = count + 16;
    for (int64_t r = 0; r < rows; ++r) fill(row + r, first, count, scratch + r * stride);
    return {scratch, stride};
  }

 private:
  void fill(int64_t row, int64_t first, int64_t count, float* to) const {
    const ConvGeometry& g = geometry_;
    const int64_t pixel = row % (g.out_height * g.out_width);
    const float* picture = x_ + row / (g.out_height * g.out_width) * g.height * g.width * channels_;
    const int64_t y = pixel / g.out_width * g.stride;
    const int64_t x = pixel % g.out_width * g.stride;
    for (int64_t done = 0; done < count;) {
      const int64_t tap = (first + done) / channels_;
      const int64_t channel = (first + done) % channels_;
      const int64_t run = std::min(channels_ - channel, count - done);
      const int32_t source_y = g.rows[static_cast<size_t>(y + tap / g.kernel)];
      const int32_t source_x = g.columns[static_cast<size_t>(x + tap % g.kernel)];
      const size_t bytes = static_cast<size_t>(run) * sizeof(float);
      if (source_y < 0 || source_x < 0) {
        std::memset(to + done, 0, bytes);
      } else {
        const int64_t at = (source_y * g.width + source_x) * channels_ + channel;
        std::memcpy(to + done, picture + at, bytes);
      }
      done += run;
    }
  }

  const ConvGeometry& geometry_;
  const float* x_;
  int64_t channels_;
};

}  // namespace

ConvGeometry::ConvGeometry(const Axis& vertical, const Axis& horizontal, int64_t kernel_size,
                           int64_t step)
    : kernel(kernel_size),
      stride(step),
      height(vertical.size),
      width(horizontal.size),
      out_height(0),
      out_width(0),
      doubled(is_doubled(vertical) && is_doubled(horizontal)),
      rows(sources(vertical)),
      columns(sources(horizontal)) {
  out_height = out_size(rows, kernel, stride);
  out_width = out_size(columns, kernel, stride);
}

void direct_convolution(const PackedMatrix& weights, const ConvGeometry& geometry,
                        const ConvCall& call) {
  const int64_t channels = weights.depth() / (geometry.kernel * geometry.kernel);
  const ProductOutput output{
      .bias = call.bias, .residual = call.residual, .out = call.out, .stride = weights.columns()};
  const int64_t rows = call.batch * geometry.out_height * geometry.out_width;
  const bool pointwise = geometry.kernel == 1 && geometry.stride == 1 &&
                         geometry.out_height == geometry.height &&
                         geometry.out_width == geometry.width;
  if (pointwise) {
    multiply(StoredRows(call.x, channels), rows, weights, output);
  } else {
    multiply(Patches(geometry, call.x, channels), rows, weights, output);
  }
}

}  // namespace riffle::nn::kernels
