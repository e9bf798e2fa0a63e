// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/perform.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "corpus/compose.h"
#include "corpus/expression.h"
#include "corpus/instruments.h"

namespace riffle::corpus {
namespace {

TEST(Perform, SwingMovesTheOffbeatAndKeepsTheBeat) {
  EXPECT_EQ(swung(960, 1, 0), 960);
  EXPECT_EQ(swung(240, 1, 0), 320);  // triplets: two thirds of the beat
  EXPECT_EQ(swung(240, 0, 0), 240);
  EXPECT_EQ(swung(120, 0, 1), 160);
  EXPECT_EQ(swung(240, 0, 1), 240);
  for (const double swing : {0.0, 0.3, 1.0}) {
    int64_t last = -1;
    for (int64_t tick = 0; tick <= 1920; tick += 5) {
      const int64_t moved = swung(tick, swing, 0.5 * swing);
      EXPECT_GT(moved, last);
      last = moved;
    }
  }
}

TEST(Perform, TidyLeavesNoNoteStruckWhileItSounds) {
  Song song;
  song.bars = 1;
  Track track{.instrument = "piano", .role = "chords"};
  track.notes = {{100, 400, 60, 80}, {0, 200, 60, 90}, {0, 100, 60, 70}, {1900, 500, 62, 80}};
  tidy(song, track);
  ASSERT_EQ(track.notes.size(), 3U);
  EXPECT_EQ(track.notes[0].velocity, 90);
  EXPECT_EQ(track.notes[0].length, 100);  // until it is struck again
  EXPECT_EQ(track.notes[1].length, 400);
  EXPECT_EQ(track.notes[2].length, 20);  // until the song ends
}

TEST(Perform, WhoPlaysOneNoteAtATimeDoesSo) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Song song = compose(seed, {.mma_share = 0});
    for (const Track& track : song.tracks) {
      if (track.drums || instrument(track.instrument).chords) continue;
      for (size_t i = 1; i < track.notes.size(); ++i) {
        const Note& before = track.notes[i - 1];
        ASSERT_LE(before.start + before.length, track.notes[i].start)
            << seed << " " << track.instrument;
      }
    }
  }
}

TEST(Perform, MachinesPlayOnTheGridAndPlayersNearIt) {
  for (const bool machine : {true, false}) {
    int64_t furthest = 0;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Song song = compose(
          seed, {.genre = machine ? "techno" : "classical", .solo_share = 0, .mma_share = 0});
      for (const Track& track : song.tracks) {
        for (const Note& note : track.notes) {
          const int64_t off = note.start % 60;
          furthest = std::max(furthest, std::min(off, 60 - off));
        }
      }
    }
    EXPECT_EQ(furthest == 0, machine) << furthest;
  }
}

TEST(Expression, BendsComeBackBeforeTheNextTone) {
  int bends = 0;
  int swells = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Song song = compose(seed, {.mma_share = 0});
    for (const Track& track : song.tracks) {
      EXPECT_TRUE(std::ranges::is_sorted(track.controls, {}, &Control::tick));
      std::map<int64_t, int> bent_at;  // the bend in force from that tick on
      for (const Control& control : track.controls) {
        const bool bend = control.controller == kPitchBend;
        bends += bend;
        swells += control.controller == kExpression;
        ASSERT_GE(control.tick, 0);
        ASSERT_GE(control.value, bend ? -8192 : 0);
        ASSERT_LE(control.value, bend ? 8191 : 127);
        if (bend) bent_at[control.tick] = control.value;
      }
      for (const Note& note : track.notes) {
        const int64_t late = note.start + note.length * 3 / 4;
        const auto after = bent_at.upper_bound(late);
        const int bend = after == bent_at.begin() ? 0 : std::prev(after)->second;
        ASSERT_EQ(bend, 0) << seed << " " << track.instrument << " at " << note.start;
      }
    }
  }
  EXPECT_GE(bends, 300);
  EXPECT_GE(swells, 3000);
}

}  // namespace
}  // namespace riffle::corpus
