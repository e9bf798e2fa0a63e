// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/activations.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace riffle::nn {
namespace {

constexpr int64_t kLarge = int64_t{1} << 20;  // floats: 4 MB

class Activations : public testing::Test {
 protected:
  void SetUp() override { release_kept_activations(); }
  void TearDown() override { release_kept_activations(); }
};

TEST_F(Activations, LieAsOtherTensorsDo) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{2, 3, 5, 7}, {2, 64, 128, 96}, {1, 1024, 1, 1024}, {3, 1, 600, 800}}) {
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      const at::Tensor got = activation(shape, format);
      const at::Tensor want = at::empty(shape, at::TensorOptions(at::kFloat).memory_format(format));
      EXPECT_EQ(got.sizes(), want.sizes());
      EXPECT_EQ(got.strides(), want.strides());
      EXPECT_TRUE(got.is_contiguous(format));
      EXPECT_FALSE(got.requires_grad());
    }
  }
  EXPECT_EQ(activation({kLarge / 2, 2}).strides(), at::IntArrayRef({2, 1}));
}

TEST_F(Activations, UseMemoryAgain) {
  at::Tensor x = activation({kLarge});
  const void* const place = x.data_ptr();
  EXPECT_EQ(kept_activation_bytes(), 0U);
  x.reset();
  EXPECT_EQ(kept_activation_bytes(), kLarge * sizeof(float));
  const at::Tensor y = activation({kLarge - 100});
  EXPECT_EQ(y.data_ptr(), place);
  EXPECT_EQ(kept_activation_bytes(), 0U);
}

TEST_F(Activations, ThatAreInUseAreNotGivenTwice) {
  const at::Tensor x = activation({kLarge});
  const at::Tensor view = activation({kLarge}).narrow(0, 5, 10);  // outlived by its view
  const at::Tensor y = activation({kLarge});
  EXPECT_NE(x.data_ptr(), y.data_ptr());
  EXPECT_EQ(kept_activation_bytes(), 0U);
  x.fill_(1);
  y.fill_(2);
  EXPECT_EQ(x.sum().item<double>(), static_cast<double>(kLarge));
}

TEST_F(Activations, KeepNoMoreThanTheirBound) {
  std::vector<at::Tensor> many;
  const auto each = static_cast<int64_t>(kKeptBytes / sizeof(float) / 4);
  for (int i = 0; i < 6; ++i) many.push_back(activation({each}));
  many.clear();
  EXPECT_LE(kept_activation_bytes(), kKeptBytes);
  EXPECT_GE(kept_activation_bytes(), kKeptBytes / 2);
  release_kept_activations();
  EXPECT_EQ(kept_activation_bytes(), 0U);
}

}  // namespace
}  // namespace riffle::nn
