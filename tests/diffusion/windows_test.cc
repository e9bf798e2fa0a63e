// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/windows.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "diffusion/noise.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

using Case = std::tuple<int64_t, int64_t, int64_t, bool>;  // total, window, overlap, circular

class WindowLawTest : public testing::TestWithParam<Case> {
 protected:
  static WindowPlan plan() {
    const auto& [total, window, overlap, circular] = GetParam();
    return WindowPlan(total, {.window = window, .overlap = overlap, .circular = circular});
  }
};

INSTANTIATE_TEST_SUITE_P(Cases, WindowLawTest,
                         testing::Combine(testing::Values(1, 5, 64, 65, 100, 129, 640, 2255),
                                          testing::Values(8, 64, 100), testing::Values(0, 1, 5, 7),
                                          testing::Bool()));

TEST_P(WindowLawTest, WeightsSumToOneInEveryColumn) {
  const WindowPlan windows = plan();
  std::vector<double> sums(static_cast<size_t>(windows.total()));
  for (int64_t k = 0; k < windows.count(); ++k) {
    ASSERT_EQ(windows.weights(k).numel(), windows.window());
    for (int64_t x = 0; x < windows.window(); ++x) {
      const double weight = windows.weights(k)[x].item<double>();
      EXPECT_GT(weight, 0);
      EXPECT_LE(weight, 1);
      sums[static_cast<size_t>((windows.starts()[static_cast<size_t>(k)] + x) % windows.total())] +=
          weight;
    }
  }
  for (const double sum : sums) EXPECT_NEAR(sum, 1, 1e-6);
}

TEST_P(WindowLawTest, NeighboursShareTheOverlapAndTheEndsAreMet) {
  const auto& [total, window, overlap, circular] = GetParam();
  const WindowPlan windows = plan();
  const auto& starts = windows.starts();
  ASSERT_EQ(starts.front(), 0);
  ASSERT_EQ(windows.window(), std::min(total, window));
  for (size_t k = 1; k < starts.size(); ++k) {
    EXPECT_GT(starts[k], starts[k - 1]);
    EXPECT_GE(starts[k - 1] + window - starts[k], overlap);
  }
  if (total <= window) {
    EXPECT_EQ(starts.size(), 1U);
  } else if (circular) {
    EXPECT_GE(starts.back() + window - total, overlap);
    EXPECT_LT(starts.back(), total);
  } else {
    EXPECT_EQ(starts.back() + window, total);
  }
}

// No more windows than the overlap asks for: one fewer would have to share less.
TEST_P(WindowLawTest, AreAsFewAsCanBe) {
  const auto& [total, window, overlap, circular] = GetParam();
  const int64_t fewer = plan().count() - 1;
  if (fewer == 0) return;
  const int64_t reach =
      circular ? fewer * (window - overlap) : fewer * (window - overlap) + overlap;
  EXPECT_LT(reach, total);
}

TEST_P(WindowLawTest, SlicesAddUpToTheWhole) {
  const WindowPlan windows = plan();
  const at::Tensor whole = seeded_noise(1, {2, 3, windows.total()});
  at::Tensor sum = at::zeros_like(whole);
  for (int64_t k = 0; k < windows.count(); ++k) {
    const at::Tensor slice = windows.slice(whole, k);
    ASSERT_EQ(slice.size(-1), windows.window());
    windows.add(sum, slice, k);
  }
  EXPECT_TRUE(at::allclose(sum, whole, 1e-5, 1e-6));
}

TEST(WindowPlanTest, ALoopGoesAroundItsEnd) {
  const WindowPlan windows(100, {.window = 64, .overlap = 14, .circular = true});
  EXPECT_EQ(windows.starts(), (std::vector<int64_t>{0, 50}));
  const at::Tensor columns = at::arange(100);
  const at::Tensor last = windows.slice(columns, 1);
  EXPECT_EQ(last[49].item<int64_t>(), 99);
  EXPECT_EQ(last[50].item<int64_t>(), 0);
  EXPECT_EQ(last[63].item<int64_t>(), 13);
  // Turning a loop by half turns its windows into each other.
  EXPECT_TRUE(at::allclose(windows.weights(0), windows.weights(1)));
}

TEST(WindowPlanTest, WeightsRiseOnceAndFallOnce) {
  const WindowPlan windows(160, {.window = 64, .overlap = 16});
  ASSERT_EQ(windows.starts(), (std::vector<int64_t>{0, 48, 96}));
  const at::Tensor first = windows.weights(0);
  const at::Tensor middle = windows.weights(1);
  EXPECT_TRUE(at::equal(first.narrow(0, 0, 48), at::ones(48)));
  const at::Tensor rise = middle.narrow(0, 0, 16);
  EXPECT_TRUE((rise.narrow(0, 1, 15) > rise.narrow(0, 0, 15)).all().item<bool>());
  EXPECT_TRUE(at::equal(middle.narrow(0, 16, 32), at::ones(32)));
  EXPECT_TRUE(at::allclose(middle, middle.flip(0), 1e-5, 1e-7));
}

TEST(WindowPlanTest, RefusesWhatHasNoMeaning) {
  EXPECT_RIFFLE_ERROR(WindowPlan(0, {}), ErrorCode::InvalidArgument, "0 columns");
  EXPECT_RIFFLE_ERROR(WindowPlan(10, {.window = 8, .overlap = 8}), ErrorCode::InvalidArgument,
                      "overlap of 8");
  EXPECT_RIFFLE_ERROR(WindowPlan(10, {.window = 8, .overlap = -1}), ErrorCode::InvalidArgument,
                      "overlap of -1");
  const WindowPlan windows(20, {.window = 8, .overlap = 2});
  at::Tensor timeline = at::zeros({20});
  EXPECT_RIFFLE_ERROR(windows.slice(at::zeros({19}), 0), ErrorCode::InvalidArgument, "got 19");
  EXPECT_RIFFLE_ERROR(windows.add(timeline, at::zeros({9}), 0), ErrorCode::InvalidArgument,
                      "got 9");
}

}  // namespace
}  // namespace riffle::diffusion
