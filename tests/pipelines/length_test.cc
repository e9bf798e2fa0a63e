// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/length.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::pipelines {
namespace {

// round(numerator / denominator), halves up, in whole numbers.
int64_t rounded_ratio(int64_t numerator, int64_t denominator) {
  return (2 * numerator + denominator) / (2 * denominator);
}

TEST(Length, OfBarsIsExactAtEveryTempo) {
  for (const int rate : {8000, 22050, 44100, 48000, 96000, 192000}) {
    for (int64_t beats = 2; beats <= 7; ++beats) {
      // Tempos in hundredths of a beat per minute.
      for (int64_t tempo = 2000; tempo <= 40000; tempo += 125) {
        for (const int64_t bars : {1, 3, 8, 128}) {
          const Length length{.bars = static_cast<double>(bars),
                              .bpm = static_cast<double>(tempo) / 100,
                              .beats_per_bar = beats};
          ASSERT_EQ(length.samples(rate, 0), rounded_ratio(bars * beats * 60 * rate * 100, tempo))
              << bars << " bars of " << beats << " at " << *length.bpm << ", " << rate << " Hz";
        }
      }
    }
  }
}

TEST(Length, OfSecondsAndOfNothing) {
  EXPECT_EQ((Length{.seconds = 5.11}).samples(44100, 7), 225351);
  EXPECT_EQ((Length{.seconds = 0.1}).samples(48000, 7), 4800);
  EXPECT_EQ((Length{}).samples(44100, 1234), 1234);
  EXPECT_EQ((Length{.bpm = 120}).samples(44100, 1234), 1234);  // a tempo alone is no length
}

TEST(Length, RefusesWhatIsNoLength) {
  EXPECT_RIFFLE_ERROR((Length{.seconds = 1, .bars = 1, .bpm = 120}).samples(44100, 0),
                      ErrorCode::InvalidArgument, "in seconds and in bars");
  EXPECT_RIFFLE_ERROR((Length{.bars = 4}).samples(44100, 0), ErrorCode::InvalidArgument,
                      "4 bars have no length without a tempo");
  // Each number is in its range, the piece is five days long.
  EXPECT_RIFFLE_ERROR((Length{.bars = 4000, .bpm = 20, .beats_per_bar = 32}).samples(44100, 0),
                      ErrorCode::InvalidArgument, "expected at most 7200 s");
}

TEST(Length, CountsBeatsOfTheWholePiece) {
  const Length length{.bars = 8, .bpm = 123.4, .beats_per_bar = 3};
  EXPECT_EQ(length.beats(length.samples(44100, 0), 44100), 24);
  EXPECT_EQ((Length{.seconds = 10}).beats(441000, 44100), 0);
}

TEST(Length, ReadsTimes) {
  const Length length{.bpm = 120, .beats_per_bar = 4};
  const struct {
    const char* text;
    double seconds;
  } cases[] = {
      {"20s", 20},  {"20", 20},     {"0", 0},       {"0.5s", 0.5},     {"1m30s", 90},
      {"1m", 60},   {"2m 5s", 125}, {"1m5", 65},    {" 20 s ", 20},    {"8 bars", 16},
      {"1 bar", 2}, {"8bars", 16},  {"0.5 bar", 1}, {"12.25s", 12.25},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(length.place_of(c.text, 48000, "from"), nearest(c.seconds * 48000)) << c.text;
  }
}

TEST(Length, RefusesWhatIsNoTime) {
  const Length length{.bpm = 120};
  for (const char* text :
       {"", " ", "s", "soon", "-1s", "1h", "1s2m", "20ss", "8 barss", "1m x", "inf", "infinity s",
        "nan", "1e3s", "99999999999999999999s", "1:30", "20s 30s"}) {
    EXPECT_RIFFLE_ERROR(length.place_of(text, 44100, "from"), ErrorCode::InvalidArgument, "from: ");
  }
  EXPECT_RIFFLE_ERROR((Length{}).place_of("8 bars", 44100, "to"), ErrorCode::InvalidArgument,
                      "to: bars have no length without a tempo");
}

}  // namespace
}  // namespace riffle::pipelines
