// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/guidance.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "diffusion/noise.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

TEST(GuidanceTest, GoesFromUnconditionalThroughConditional) {
  const at::Tensor u = at::tensor({1.0, 2.0, -4.0});
  const at::Tensor c = at::tensor({2.0, 2.0, 0.0});
  EXPECT_TRUE(at::equal(guided(u, c, 0), u));
  EXPECT_TRUE(at::equal(guided(u, c, 1), c));
  EXPECT_TRUE(at::allclose(guided(u, c, 7.5), at::tensor({8.5, 2.0, 26.0})));
}

TEST(GuidanceTest, FullRescalingGivesEachItemItsConditionalDeviation) {
  const at::Tensor u = seeded_noise(1, {2, 4, 8, 8});
  at::Tensor c = seeded_noise(2, {2, 4, 8, 8});
  c = at::stack({c[0] * 0.5, c[1] * 3});
  const at::Tensor plain = guided(u, c, GuidanceOptions{.scale = 7});
  EXPECT_TRUE(at::equal(plain, guided(u, c, 7)));
  const at::Tensor full = guided(u, c, GuidanceOptions{.scale = 7, .rescale = 1});
  const at::Tensor half = guided(u, c, GuidanceOptions{.scale = 7, .rescale = 0.5});
  for (int64_t b = 0; b < 2; ++b) {
    const auto deviation = [b](const at::Tensor& t) { return t[b].std().item<double>(); };
    EXPECT_NEAR(deviation(full) / deviation(c), 1, 1e-5);
    EXPECT_NEAR(deviation(half), (deviation(full) + deviation(plain)) / 2, 1e-4);
    // A batch equals its singles.
    EXPECT_TRUE(at::allclose(
        guided(u.narrow(0, b, 1), c.narrow(0, b, 1), GuidanceOptions{.scale = 7, .rescale = 1}),
        full.narrow(0, b, 1)));
  }
}

TEST(GuidanceTest, IsOnInsideItsIntervalAndAboveOne) {
  EXPECT_TRUE(is_guided({.scale = 7}, 0));
  EXPECT_TRUE(is_guided({.scale = 7}, 0.999));
  EXPECT_FALSE(is_guided({.scale = 1}, 0.5));
  EXPECT_FALSE(is_guided({.scale = 0}, 0.5));
  const GuidanceOptions middle{.scale = 7, .start = 0.25, .stop = 0.75};
  EXPECT_FALSE(is_guided(middle, 0.2));
  EXPECT_TRUE(is_guided(middle, 0.25));
  EXPECT_TRUE(is_guided(middle, 0.7));
  EXPECT_FALSE(is_guided(middle, 0.75));
}

TEST(GuidanceTest, RefusesNumbersOutOfRange) {
  EXPECT_NO_THROW(GuidanceOptions{}.validate());
  EXPECT_RIFFLE_ERROR(GuidanceOptions{.scale = -1}.validate(), ErrorCode::InvalidArgument, "scale");
  EXPECT_RIFFLE_ERROR(GuidanceOptions{.rescale = 1.5}.validate(), ErrorCode::InvalidArgument,
                      "rescale");
  EXPECT_RIFFLE_ERROR(GuidanceOptions{.start = 1.5}.validate(), ErrorCode::InvalidArgument,
                      "start");
  EXPECT_RIFFLE_ERROR((GuidanceOptions{.start = 0.5, .stop = 0.4}.validate()),
                      ErrorCode::InvalidArgument, "stop");
}

}  // namespace
}  // namespace riffle::diffusion
