// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernel_times.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "nn/attention.h"
#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/machine_peak.h"
#include "nn/norm.h"

namespace riffle::nn {
namespace {

double gflop(KernelKind kind) { return kernel_times()[static_cast<size_t>(kind)].gflop; }
double seconds(KernelKind kind) { return kernel_times()[static_cast<size_t>(kind)].seconds; }

// Counted by hand: two for each weight and position, four for each pair of query and key and
// feature.
TEST(KernelTimes, CountTheSamePackedAndExact) {
  const at::NoGradGuard no_grad;
  const at::Generator generator = at::detail::createCPUGenerator(1);
  for (const bool packed : {false, true}) {
    Conv2d conv(16, 32);
    Conv2d half(16, 32, {.stride = 2});
    Conv2d point(16, 32, {.kernel = 1, .padding = 0});
    Linear linear(24, 40);
    GroupNorm norm(4, 16, 1e-5);
    for (Layer* layer : std::initializer_list<Layer*>{&conv, &half, &point, &linear, &norm}) {
      layer->reset(generator);
      if (packed) layer->pack({});
    }
    reset_kernel_times();
    const at::Tensor x = at::randn({2, 16, 8, 12});
    conv.forward(x);
    EXPECT_DOUBLE_EQ(gflop(KernelKind::Convolution3x3), 2e-9 * 2 * 8 * 12 * 16 * 32 * 9);
    conv.forward(x, {.enlarge = PictureSize{16, 24}});
    EXPECT_DOUBLE_EQ(gflop(KernelKind::Convolution3x3), 5 * 2e-9 * 2 * 8 * 12 * 16 * 32 * 9);
    half.forward(x);
    EXPECT_DOUBLE_EQ(gflop(KernelKind::OtherConvolution), 2e-9 * 2 * 4 * 6 * 16 * 32 * 9);
    point.forward(x);
    EXPECT_DOUBLE_EQ(gflop(KernelKind::OtherConvolution),
                     2e-9 * 2 * 4 * 6 * 16 * 32 * 9 + 2e-9 * 2 * 8 * 12 * 16 * 32);
    linear.forward(at::randn({2, 5, 24}));
    EXPECT_DOUBLE_EQ(gflop(KernelKind::Linear), 2e-9 * 2 * 5 * 24 * 40);
    attention(at::randn({2, 5, 24}), at::randn({2, 7, 24}), at::randn({2, 7, 24}),
              {.heads = 3, .blocked = packed});
    EXPECT_DOUBLE_EQ(gflop(KernelKind::Attention), 4e-9 * 2 * 5 * 7 * 24);
    norm.forward(x);
    EXPECT_GT(seconds(KernelKind::Norm), 0);
    EXPECT_EQ(gflop(KernelKind::Norm), 0);
  }
  reset_kernel_times();
  EXPECT_EQ(seconds(KernelKind::Attention), 0);
}

TEST(MachinePeak, IsTheBetterOfTwoThatDoTheSameWork) {
  const MachinePeak peak = measure_machine_peak();
  EXPECT_GT(peak.blas_gflops, 0);
  EXPECT_GT(peak.own_gflops, 0);
  EXPECT_GE(peak.best(), peak.blas_gflops);
  EXPECT_GE(peak.best(), peak.own_gflops);
}

}  // namespace
}  // namespace riffle::nn
