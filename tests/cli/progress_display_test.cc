// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress_display.h"

#include <gtest/gtest.h>

namespace riffle::cli {
namespace {

TEST(ProgressBar, ShowsStepShareAndTimeLeft) {
  EXPECT_EQ(progress_bar({"phase", 45, 90}, 12, 80),
            "phase  [####################--------------------]  45/90  50 %  ETA 0:12");
  EXPECT_EQ(progress_bar({"phase", 1, 4}, 1300, 50),
            "phase  [####-------------]  1/4  25 %  ETA 1:05:00");
}

TEST(ProgressBar, HasNoTimeLeftBeforeAnythingIsDone) {
  EXPECT_EQ(progress_bar({"phase", 0, 10}, 3, 40), "phase  [--------------------]  0/10  0 %");
}

TEST(ProgressBar, NeverExceedsTheWidth) {
  for (int width = 0; width < 120; ++width) {
    for (const int64_t done : {0, 1, 500, 1000, 1500}) {
      EXPECT_LE(progress_bar({"a stage with a name", done, 1000}, 5000, width).size(),
                static_cast<size_t>(width));
      EXPECT_LE(progress_bar({"a stage with a name", done, 0}, 5000, width).size(),
                static_cast<size_t>(width));
    }
  }
}

TEST(ProgressBar, MoreThanAllIsAll) {
  EXPECT_EQ(progress_bar({"x", 12, 10}, 1, 40), "x  [###########]  12/10  100 %  ETA 0:00");
}

TEST(ProgressLine, ReadsAsASentence) {
  EXPECT_EQ(progress_line({"phase", 30, 90}, 30), "phase: 30 of 90 (33 %), 1:00 left");
  EXPECT_EQ(progress_line({"phase", 0, 90}, 30), "phase: 0 of 90 (0 %)");
  EXPECT_EQ(progress_line({"read", 1234, 0}, 61), "read: 1234 after 1:01");
}

class ProgressDisplayOutput : public ::testing::Test {
 protected:
  void SetUp() override { stream_ = open_memstream(&text_, &size_); }
  void TearDown() override {
    std::fclose(stream_);
    std::free(text_);
  }
  std::string text() {
    std::fflush(stream_);
    return {text_, size_};
  }
  std::FILE* stream_ = nullptr;
  char* text_ = nullptr;
  size_t size_ = 0;
};

TEST_F(ProgressDisplayOutput, QuietWritesNothing) {
  ProgressDisplay display(stream_, ProgressDisplay::Style::None);
  for (int i = 0; i < 100; ++i) display.update({"x", i, 100});
  EXPECT_EQ(text(), "");
}

TEST_F(ProgressDisplayOutput, BarIsClearedOnceAndOnlyWhenDrawn) {
  ProgressDisplay display(stream_, ProgressDisplay::Style::Bar);
  ProgressDisplay::clear_active();
  EXPECT_EQ(text(), "");
  while (text().empty()) display.update({"x", 1, 2});
  ProgressDisplay::clear_active();
  const std::string cleared = text();
  EXPECT_TRUE(cleared.ends_with("\r\x1b[K")) << cleared;
  ProgressDisplay::clear_active();
  EXPECT_EQ(text(), cleared);
}

TEST(ProgressDisplay, StyleFollowsTheStream) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(ProgressDisplay::style_for(file, false), ProgressDisplay::Style::Lines);
  EXPECT_EQ(ProgressDisplay::style_for(file, true), ProgressDisplay::Style::None);
  std::fclose(file);
}

}  // namespace
}  // namespace riffle::cli
