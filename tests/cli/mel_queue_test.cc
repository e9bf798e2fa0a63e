// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/mel_queue.h"

#include <gtest/gtest.h>

namespace riffle::cli {
namespace {

// Value 1000 * channel + 10 * frame + row, frames counted from `first`.
audio::MelSpectrogram piece(int64_t first, int64_t frames) {
  audio::MelSpectrogram mel(2, frames, 3);
  for (int channel = 0; channel < 2; ++channel) {
    for (int64_t t = 0; t < frames; ++t) {
      for (size_t row = 0; row < 3; ++row) {
        mel.frame(channel, t)[row] = 1000.0F * static_cast<float>(channel) +
                                     10.0F * static_cast<float>(first + t) +
                                     static_cast<float>(row);
      }
    }
  }
  return mel;
}

TEST(MelQueue, GivesBackFramesInOtherPieces) {
  MelQueue queue;
  queue.push(piece(0, 4));
  queue.push(piece(4, 0));
  queue.push(piece(4, 1));
  queue.push(piece(5, 7));
  EXPECT_EQ(queue.frames(), 12);
  EXPECT_EQ(queue.take(3).values, piece(0, 3).values);
  EXPECT_EQ(queue.take(3).values, piece(3, 3).values);
  EXPECT_EQ(queue.take(0).frames, 0);
  queue.push(piece(12, 2));
  EXPECT_EQ(queue.frames(), 8);
  EXPECT_EQ(queue.take_all().values, piece(6, 8).values);
  EXPECT_EQ(queue.frames(), 0);
}

TEST(MelQueue, WholePieceIsPassedOn) {
  MelQueue queue;
  queue.push(piece(0, 5));
  EXPECT_EQ(queue.take_all().values, piece(0, 5).values);
  EXPECT_EQ(queue.take_all().frames, 0);
}

}  // namespace
}  // namespace riffle::cli
