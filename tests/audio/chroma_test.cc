// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/chroma.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace riffle::audio {
namespace {

constexpr int kRate = 44100;

// Two seconds of A, two of silence, two of C with five overtones.
Waveform notes() {
  Waveform sound{kRate, {std::vector<float>(size_t{6} * kRate)}};
  const auto add = [&](double hz, double amplitude, size_t from_s) {
    for (size_t i = from_s * kRate; i < (from_s + 2) * kRate; ++i) {
      sound.samples[0][i] += static_cast<float>(
          amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / kRate));
    }
  };
  add(440, 0.3, 0);
  for (int k = 1; k <= 6; ++k) add(261.63 * k, 0.3 / k, 4);
  return sound;
}

TEST(NotesHeard, AreThoseThatSoundInEachStretch) {
  const auto heard = notes_heard(notes(), 0.5, 14);
  ASSERT_EQ(heard.size(), 14U);
  const auto strongest = [&](size_t stretch) {
    return std::ranges::max_element(heard[stretch]) - heard[stretch].begin();
  };
  EXPECT_EQ(strongest(1), 9);
  EXPECT_EQ(strongest(2), 9);
  EXPECT_EQ(heard[5], PitchClasses{});
  EXPECT_EQ(strongest(9), 0);
  EXPECT_EQ(strongest(10), 0);
  EXPECT_EQ(heard[13], PitchClasses{});  // past the end
}

TEST(NotesHeard, OvertonesAreWeak) {
  const PitchClasses heard = notes_heard(notes(), 0.5, 12)[9];
  EXPECT_FLOAT_EQ(heard[0], 1);
  for (const size_t other : {2, 4, 5, 7, 11}) EXPECT_LT(heard[other], 0.4) << other;
}

TEST(NotesHeard, NothingIsHeardInSilence) {
  for (const auto& stretch : notes_heard({kRate, {std::vector<float>(kRate)}}, 0.25, 4)) {
    EXPECT_EQ(stretch, PitchClasses{});
  }
  EXPECT_EQ(notes_heard({kRate, {{}}}, 0.25, 2).size(), 2U);
}

}  // namespace
}  // namespace riffle::audio
