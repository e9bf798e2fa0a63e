// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/conv1d.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <gtest/gtest.h>

#include "nn/conv2d.h"

namespace riffle::nn {
namespace {

double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// Kernel sizes.
class Conv1dTest : public testing::TestWithParam<int64_t> {
 protected:
  Conv1dTest() : layer_(std::make_shared<Conv1d>(5, 7, GetParam())) {
    reset_parameters(*layer_, 1);
  }

  std::shared_ptr<Conv1d> layer_;
  at::NoGradGuard no_grad_;
};

TEST_P(Conv1dTest, IsLibtorchsConvolution) {
  const at::Tensor x = at::randn({2, 5, 1, 9});
  const at::Tensor want = at::conv1d(x.squeeze(2), layer_->named_parameters()["weight"],
                                     layer_->named_parameters()["bias"], 1, GetParam() / 2);
  EXPECT_LT(max_difference(layer_->forward(x).squeeze(2), want), 1e-5);
}

TEST_P(Conv1dTest, PackedEqualsPlainAndComesBack) {
  const at::Tensor x = at::randn({3, 5, 1, 11});
  const at::Tensor residual = at::randn({3, 7, 1, 11});
  const at::Tensor plain = layer_->forward(x, residual);
  const at::Tensor weight = layer_->named_parameters()["weight"].clone();
  layer_->pack({});
  EXPECT_LT(max_difference(layer_->forward(x, residual), plain), 1e-5);
  layer_->unpack();
  EXPECT_TRUE(layer_->named_parameters()["weight"].equal(weight));
}

TEST_P(Conv1dTest, CircularWidthCommutesWithTurning) {
  const CircularWidth wraps(true);
  for (const bool packed : {false, true}) {
    if (packed) layer_->pack({});
    const at::Tensor x = at::randn({1, 5, 1, 6});
    EXPECT_LT(max_difference(layer_->forward(at::roll(x, {4}, {3})),
                             at::roll(layer_->forward(x), {4}, {3})),
              1e-5);
    EXPECT_EQ(layer_->forward(at::randn({1, 5, 1, 1})).size(3), 1);  // shorter than the kernel
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Conv1dTest, testing::Values(1, 3, 5));

}  // namespace
}  // namespace riffle::nn
