// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/noise.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

std::vector<float> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

// torch.randn(2, 8, generator=torch.Generator().manual_seed(42)), as PyTorch prints it.
TEST(SeededNoiseTest, IsPyTorchs) {
  const float expected[] = {1.9269F,  1.4873F,  0.9007F,  -2.1055F, 0.6784F,  -1.2345F,
                            -0.0431F, -1.6047F, -0.7521F, 1.6487F,  -0.3925F, -1.4036F,
                            -0.7279F, -0.5594F, -0.7688F, 0.7624F};
  const auto got = values(seeded_noise(42, {2, 8}));
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 5e-5) << i;
}

TEST(SeededNoiseTest, ABatchEqualsItsSingles) {
  const std::vector<uint64_t> seeds = {42, 7, 42};
  const at::Tensor batch = seeded_noise(seeds, {4, 8, 8});
  EXPECT_EQ(batch.sizes(), (std::vector<int64_t>{3, 4, 8, 8}));
  EXPECT_TRUE(at::equal(batch[0], seeded_noise(42, {1, 4, 8, 8})[0]));
  EXPECT_TRUE(at::equal(batch[1], seeded_noise(7, {4, 8, 8})));
  EXPECT_TRUE(at::equal(batch[2], batch[0]));
  EXPECT_FALSE(at::equal(batch[1], batch[0]));
}

TEST(SeededNoiseTest, RunningGeneratorsGoOnFromTheFirstDraw) {
  const std::vector<uint64_t> seeds = {42, 7};
  SeededNoise source(seeds);
  const at::Tensor like = at::empty({2, 4, 8, 8});
  const at::Tensor first = source.next(like);
  EXPECT_TRUE(at::equal(first, seeded_noise(seeds, {4, 8, 8})));
  EXPECT_FALSE(at::equal(source.next(like), first));
}

// Half and double noise is the float noise, rounded or widened: devices and types do not change it.
TEST(SeededNoiseTest, IsDrawnInFloatWhateverIsAskedFor) {
  const std::vector<uint64_t> seeds = {5};
  const at::Tensor noise = seeded_noise(seeds, {4, 8, 8});
  for (const auto type : {at::kHalf, at::kBFloat16, at::kDouble}) {
    SeededNoise source(seeds);
    const at::Tensor got = source.next(at::empty({1, 4, 8, 8}, type));
    EXPECT_EQ(got.scalar_type(), type);
    EXPECT_TRUE(at::equal(got, noise.to(type)));
  }
}

TEST(SeededNoiseTest, RefusesABatchOfAnotherSize) {
  const std::vector<uint64_t> seeds = {5, 6};
  SeededNoise source(seeds);
  EXPECT_RIFFLE_ERROR(source.next(at::empty({3, 4})), ErrorCode::InvalidArgument,
                      "2 seeds for a batch of 3");
  EXPECT_RIFFLE_ERROR(SeededNoise(std::vector<uint64_t>{}), ErrorCode::InvalidArgument, "no seed");
}

// Riffusion's own slerp (numpy, float32) of the noises of seeds 42 and 123.
TEST(SlerpTest, IsRiffusions) {
  const at::Tensor got =
      slerp(0.25, seeded_noise(42, {1, 4, 8, 8}), seeded_noise(123, {1, 4, 8, 8}));
  const auto flat = values(got);
  EXPECT_NEAR(flat[0], 1.9435284F, 2e-6F);
  EXPECT_NEAR(flat[1], 1.3269227F, 2e-6F);
  EXPECT_NEAR(flat[2], 0.72618735F, 2e-6F);
  EXPECT_NEAR(flat[3], -2.210378F, 2e-6F);
  EXPECT_NEAR(flat[255], 0.18835372F, 2e-6F);
  EXPECT_NEAR(got.norm().item<float>(), 15.853583F, 2e-5F);
}

TEST(SlerpTest, EndsAtItsEndsAndKeepsTheLengthBetween) {
  const at::Tensor a = seeded_noise(1, {1, 4, 32, 32});
  const at::Tensor b = seeded_noise(2, {1, 4, 32, 32});
  EXPECT_TRUE(at::allclose(slerp(0, a, b), a));
  EXPECT_TRUE(at::allclose(slerp(1, a, b), b));
  // Almost orthogonal and almost equally long, as noise of that size is.
  EXPECT_NEAR(slerp(0.5, a, b).std().item<double>(), a.std().item<double>(), 0.02);
  const at::Tensor linear = 0.5 * a + 0.5 * b;
  EXPECT_LT(linear.std().item<double>(), 0.75);
}

TEST(SlerpTest, ParallelNoiseComesBackUnchanged) {
  const at::Tensor a = seeded_noise(1, {1, 4, 8, 8});
  EXPECT_TRUE(at::allclose(slerp(0.3, a, a), a));
  const at::Tensor zeros = at::zeros({1, 4, 8, 8});
  EXPECT_TRUE(at::allclose(slerp(0.3, zeros, a), 0.3 * a));
}

TEST(SlerpTest, ABatchEqualsItsSingles) {
  const std::vector<uint64_t> from = {1, 2};
  const std::vector<uint64_t> to = {3, 2};
  const at::Tensor a = seeded_noise(from, {4, 8, 8});
  const at::Tensor b = seeded_noise(to, {4, 8, 8});
  const at::Tensor batch = slerp(0.4, a, b);
  for (int64_t i = 0; i < 2; ++i)
    EXPECT_TRUE(at::equal(batch.narrow(0, i, 1), slerp(0.4, a.narrow(0, i, 1), b.narrow(0, i, 1))));
}

TEST(SlerpTest, RefusesWhatHasNoMeaning) {
  const at::Tensor a = at::ones({1, 4});
  EXPECT_RIFFLE_ERROR(slerp(1.5, a, a), ErrorCode::InvalidArgument, "1.5");
  EXPECT_RIFFLE_ERROR(slerp(0.5, a, at::ones({1, 5})), ErrorCode::InvalidArgument, "shape");
  EXPECT_RIFFLE_ERROR(slerp(0.5, at::ones({4}), at::ones({4})), ErrorCode::InvalidArgument,
                      "shape");
}

TEST(ShapedAlphaTest, BendsTheWayAndKeepsItsEndsAndMiddle) {
  for (const double power : {0.5, 1.0, 3.0}) {
    EXPECT_DOUBLE_EQ(shaped_alpha(0, power), 0);
    EXPECT_DOUBLE_EQ(shaped_alpha(0.5, power), 0.5);
    EXPECT_DOUBLE_EQ(shaped_alpha(1, power), 1);
    EXPECT_NEAR(shaped_alpha(0.2, power), 1 - shaped_alpha(0.8, power), 1e-12);
  }
  EXPECT_NEAR(shaped_alpha(0.3, 1), 0.3, 1e-12);
  EXPECT_NEAR(shaped_alpha(0.75, 2), 0.625, 1e-12);
  EXPECT_NEAR(shaped_alpha(0.25, 2), 0.375, 1e-12);
  EXPECT_RIFFLE_ERROR(shaped_alpha(-0.1, 1), ErrorCode::InvalidArgument, "-0.1");
  EXPECT_RIFFLE_ERROR(shaped_alpha(0.1, 0), ErrorCode::InvalidArgument, "power");
}

}  // namespace
}  // namespace riffle::diffusion
