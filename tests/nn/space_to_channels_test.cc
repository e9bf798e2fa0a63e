// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/space_to_channels.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "nn/mixed_precision.h"
#include "support/test_files.h"

namespace riffle::nn {
namespace {

TEST(SpaceToChannels, IsPixelUnshuffleWhereSquare) {
  const at::Tensor x = at::randn({2, 3, 8, 12});
  EXPECT_TRUE(
      at::equal(space_to_channels(x, {.rows = 4, .columns = 4}), at::pixel_unshuffle(x, 4)));
}

TEST(SpaceToChannels, ComesBack) {
  const at::Tensor x = at::randn({2, 6, 8, 9});
  const FoldFactor factor{.rows = 4, .columns = 3};
  const at::Tensor folded = space_to_channels(x, factor);
  EXPECT_EQ(folded.sizes(), at::IntArrayRef({2, 72, 2, 3}));
  EXPECT_TRUE(at::equal(channels_to_space(folded, factor), x));
}

// With the convolution at zero only the parameter-free path is left.
template <class Fold>
at::Tensor shortcut_of(Fold& fold, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : fold.parameters()) parameter.zero_();
  return fold.forward(x);
}

TEST(Folds, ShortcutDownAveragesAndUpRepeats) {
  const FoldFactor factor{.rows = 4, .columns = 1};
  FoldDown down(6, 8, factor);  // 24 folded channels, averaged by threes
  const at::Tensor x = at::randn({1, 6, 8, 5});
  const at::Tensor averaged = space_to_channels(x, factor).reshape({1, 8, 3, 2, 5}).mean(2);
  EXPECT_LT((shortcut_of(down, x) - averaged).abs().max().item<float>(), 1e-6);

  FoldUp up(8, 6, factor);  // each channel three times
  const at::Tensor z = at::randn({1, 8, 2, 5});
  const at::Tensor repeated = channels_to_space(z.repeat_interleave(3, 1), factor);
  EXPECT_TRUE(at::equal(shortcut_of(up, z), repeated));

  FoldUp narrow(48, 6, factor);  // 48 channels into 24: averaged by twos
  const at::Tensor wide = at::randn({1, 48, 2, 5});
  const at::Tensor halved = channels_to_space(wide.reshape({1, 24, 2, 2, 5}).mean(2), factor);
  EXPECT_LT((shortcut_of(narrow, wide) - halved).abs().max().item<float>(), 1e-6);
}

TEST(Folds, RefuseChannelsThatDoNotDivide) {
  const FoldFactor factor{.rows = 4, .columns = 1};
  EXPECT_RIFFLE_ERROR(FoldDown(6, 10, factor), ErrorCode::InvalidArgument, "10");
  EXPECT_RIFFLE_ERROR(FoldDown(5, 8, factor), ErrorCode::InvalidArgument, "20");
  EXPECT_RIFFLE_ERROR(FoldUp(5, 6, factor), ErrorCode::InvalidArgument, "24");
}

TEST(MixedPrecision, MultipliesInBfloat16AndKeepsFloat32Outside) {
  Conv2d conv(16, 16);
  reset_parameters(conv, 1);
  const at::Tensor x = at::randn({1, 16, 8, 8});
  const at::Tensor exact = conv.forward(x).detach();
  at::Tensor mixed;
  {
    const MixedPrecision scope(at::kBFloat16);
    EXPECT_EQ(MixedPrecision::active(), at::kBFloat16);
    {
      const MixedPrecision inner(at::kFloat);
      EXPECT_TRUE(at::equal(conv.forward(x), exact));
    }
    mixed = conv.forward(x);
  }
  EXPECT_FALSE(MixedPrecision::active());
  EXPECT_EQ(mixed.scalar_type(), at::kFloat);
  const double error = ((mixed - exact).norm() / exact.norm()).item<double>();
  EXPECT_GT(error, 1e-5);  // it did multiply in another type
  // 8 bits of mantissa; a processor without instructions for it adds up in bfloat16 too.
  EXPECT_LT(error, 2e-2);
  mixed.sum().backward();
  for (const at::Tensor& parameter : conv.parameters()) {
    ASSERT_TRUE(parameter.grad().defined());
    EXPECT_EQ(parameter.grad().scalar_type(), at::kFloat);
  }
}

TEST(MixedPrecision, RefusesOtherTypes) {
  EXPECT_RIFFLE_ERROR(MixedPrecision(at::kDouble), ErrorCode::InvalidArgument, "bfloat16");
}

}  // namespace
}  // namespace riffle::nn
