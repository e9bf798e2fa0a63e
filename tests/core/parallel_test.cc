// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace riffle {
namespace {

TEST(ParallelFor, CoversEveryIndexOnce) {
  for (const int64_t count : {0, 1, 7, 64, 1000}) {
    std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
    parallel_for(count, 3, [&](int64_t begin, int64_t end) {
      EXPECT_LE(end - begin, 3);
      for (int64_t i = begin; i < end; ++i) seen[static_cast<size_t>(i)]++;
    });
    for (const auto& n : seen) EXPECT_EQ(n, 1);
  }
}

TEST(ParallelFor, RethrowsTheFirstException) {
  EXPECT_THROW(parallel_for(100, 1,
                            [](int64_t begin, int64_t) {
                              if (begin == 40) throw std::runtime_error("x");
                            }),
               std::runtime_error);
}

TEST(ParallelFor, NestedCallsWork) {
  std::atomic<int> sum{0};
  parallel_for(4, 1, [&](int64_t, int64_t) {
    parallel_for(10, 1, [&](int64_t b, int64_t e) { sum += static_cast<int>(e - b); });
  });
  EXPECT_EQ(sum, 40);
}

TEST(ThreadCount, ZeroRestoresTheDefault) {
  const int before = thread_count();
  set_thread_count(3);
  EXPECT_EQ(thread_count(), 3);
  set_thread_count(0);
  EXPECT_EQ(thread_count(), before);
  EXPECT_GE(before, 1);
}

}  // namespace
}  // namespace riffle
