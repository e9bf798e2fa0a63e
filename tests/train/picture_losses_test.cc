// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/picture_losses.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace riffle::train {
namespace {

at::Tensor grain(uint64_t seed) {
  return at::rand({2, 1, 64, 64}, at::detail::createCPUGenerator(seed));
}

at::Tensor blurred(const at::Tensor& x) { return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}); }

// The other losses punish grain that lies elsewhere more than no grain at all.
TEST(PictureLosses, TexturesAskForRoughnessWhereverItLies) {
  const at::Tensor real = grain(1);
  const at::Tensor elsewhere = grain(2);
  const at::Tensor flat = blurred(real);
  EXPECT_EQ(texture_loss(real, real).item<float>(), 0);
  EXPECT_LT(texture_loss(elsewhere, real).item<float>(),
            0.2 * texture_loss(flat, real).item<float>());
  EXPECT_GT(picture_loss(elsewhere, real, {}).total.item<float>(),
            picture_loss(flat, real, {}).total.item<float>());
}

TEST(PictureLosses, BlurIsBelowOne) {
  const at::Tensor real = grain(1);
  EXPECT_EQ(blur_of(real, real).time, 1);
  EXPECT_LT(blur_of(blurred(real), real).frequency, 0.6);
  EXPECT_NEAR(blur_of(grain(2), real).time, 1, 0.05);
}

}  // namespace
}  // namespace riffle::train
