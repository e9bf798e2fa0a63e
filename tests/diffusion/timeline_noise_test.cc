// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/timeline_noise.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "diffusion/detail/philox.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

// Known answers of the generator's authors (Random123, kat_vectors).
TEST(PhiloxTest, GivesTheKnownAnswers) {
  using detail::philox;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (detail::PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (detail::PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (detail::PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(TimelineNoiseTest, WindowsShareWhatTheyBothCover) {
  const TimelineNoise noise(42, 4, 64);
  const at::Tensor whole = noise.columns(-40, 300);
  EXPECT_EQ(whole.sizes(), (std::vector<int64_t>{4, 64, 300}));
  for (const auto& [first, count] : {std::pair<int64_t, int64_t>{-40, 1},
                                     {-40, 300},
                                     {-1, 2},
                                     {0, 64},
                                     {7, 64},
                                     {131, 129},
                                     {5, 0}})
    EXPECT_TRUE(at::equal(noise.columns(first, count), whole.narrow(2, first + 40, count)))
        << first << " " << count;
}

TEST(TimelineNoiseTest, HoldsFarFromTheOrigin) {
  const TimelineNoise noise(1, 1, 4);
  const int64_t far = std::numeric_limits<int64_t>::max() - 8;
  EXPECT_TRUE(at::equal(noise.columns(far, 4).narrow(2, 2, 2), noise.columns(far + 2, 2)));
  EXPECT_FALSE(at::equal(noise.columns(int64_t{1} << 32, 4), noise.columns(0, 4)));
}

TEST(TimelineNoiseTest, SeedsAndDrawsGiveOtherNoise) {
  const at::Tensor noise = TimelineNoise(42, 4, 8).columns(0, 16);
  EXPECT_TRUE(at::equal(TimelineNoise(42, 4, 8).columns(0, 16, 0), noise));
  EXPECT_FALSE(at::equal(TimelineNoise(42, 4, 8).columns(0, 16, 1), noise));
  EXPECT_FALSE(at::equal(TimelineNoise(43, 4, 8).columns(0, 16), noise));
  EXPECT_FALSE(at::equal(TimelineNoise(42 + (uint64_t{1} << 32), 4, 8).columns(0, 16), noise));
}

// Columns whose values do not fill whole blocks of four.
TEST(TimelineNoiseTest, OddColumnsAreFilled) {
  const at::Tensor noise = TimelineNoise(3, 1, 7).columns(0, 50);
  EXPECT_TRUE(noise.isfinite().all().item<bool>());
  EXPECT_TRUE(at::equal(noise, TimelineNoise(3, 7, 1).columns(0, 50).view({1, 7, 50})));
}

// 4 x 64 x 4096 = 2^20 values. The bounds are four standard errors of each figure: with a fixed
// seed they hold for good or fail for good.
TEST(TimelineNoiseTest, IsNormal) {
  const at::Tensor noise = TimelineNoise(2024, 4, 64).columns(0, 4096).to(at::kDouble);
  const double count = static_cast<double>(noise.numel());
  EXPECT_NEAR(noise.mean().item<double>(), 0, 4 / std::sqrt(count));
  EXPECT_NEAR(noise.var().item<double>(), 1, 4 * std::sqrt(2 / count));
  EXPECT_NEAR(noise.pow(3).mean().item<double>(), 0, 4 * std::sqrt(15 / count));
  EXPECT_NEAR(noise.pow(4).mean().item<double>(), 3, 4 * std::sqrt(96 / count));
  // Kolmogorov and Smirnov: 1.95 / sqrt(n) is passed by chance once in a thousand.
  const at::Tensor sorted = std::get<0>(noise.flatten().sort());
  const at::Tensor below = 0.5 * (1 + at::erf(sorted / std::sqrt(2.0)));
  const at::Tensor ranks = at::arange(0, noise.numel(), at::kDouble) / count;
  EXPECT_LT((below - ranks).abs().max().item<double>(), 1.95 / std::sqrt(count));
}

double correlation(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).mean().item<double>();
}

TEST(TimelineNoiseTest, IsIndependentInEveryDirection) {
  const at::Tensor noise = TimelineNoise(9, 4, 64).columns(0, 2048);
  const double bound = 4 / std::sqrt(static_cast<double>(noise.numel()) / 2);
  for (const int64_t lag : {1, 2, 8, 64})
    EXPECT_NEAR(correlation(noise.narrow(2, 0, 2048 - lag), noise.narrow(2, lag, 2048 - lag)), 0,
                bound);
  for (const int64_t lag : {1, 2, 3, 4})
    EXPECT_NEAR(correlation(noise.narrow(1, 0, 64 - lag), noise.narrow(1, lag, 64 - lag)), 0,
                bound);
  EXPECT_NEAR(correlation(noise[0], noise[1]), 0, 2 * bound);
  EXPECT_NEAR(correlation(noise, TimelineNoise(9, 4, 64).columns(0, 2048, 1)), 0, bound);
  EXPECT_NEAR(correlation(noise, TimelineNoise(10, 4, 64).columns(0, 2048)), 0, bound);
}

TEST(TimelineNoiseSourceTest, DrawsOnePartOfTheTimelineAgainAndAgain) {
  const std::vector<uint64_t> seeds = {5, 6};
  TimelineNoiseSource whole(seeds, 0);
  TimelineNoiseSource window(seeds, 20);
  for (uint32_t draw = 0; draw < 3; ++draw) {
    const at::Tensor all = whole.next(at::empty({2, 4, 8, 100}));
    EXPECT_TRUE(at::equal(all[1], TimelineNoise(6, 4, 8).columns(0, 100, draw)));
    EXPECT_TRUE(at::equal(window.next(at::empty({2, 4, 8, 30})), all.narrow(3, 20, 30)));
  }
  EXPECT_EQ(whole.next(at::empty({2, 4, 8, 1}, at::kHalf)).scalar_type(), at::kHalf);
}

TEST(TimelineNoiseTest, RefusesWhatHasNoMeaning) {
  EXPECT_RIFFLE_ERROR(TimelineNoise(1, 0, 4), ErrorCode::InvalidArgument, "0 x 4");
  EXPECT_RIFFLE_ERROR(TimelineNoise(1, int64_t{1} << 40, 64), ErrorCode::InvalidArgument, "x 64");
  EXPECT_RIFFLE_ERROR(TimelineNoise(1, 4, 4).columns(0, -1), ErrorCode::InvalidArgument, "-1");
  const std::vector<uint64_t> seeds = {5, 6};
  EXPECT_RIFFLE_ERROR(TimelineNoiseSource(seeds, 0).next(at::empty({1, 4, 8, 8})),
                      ErrorCode::InvalidArgument, "[2, C, H, W]");
  EXPECT_RIFFLE_ERROR(TimelineNoiseSource({}, 0), ErrorCode::InvalidArgument, "no seed");
}

}  // namespace
}  // namespace riffle::diffusion
