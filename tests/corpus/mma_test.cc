// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/mma.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "corpus/band.h"
#include "corpus/compose.h"
#include "corpus/detail/mma_grooves.h"
#include "corpus/detail/run_program.h"
#include "corpus/genres.h"
#include "corpus/instruments.h"
#include "corpus/theory.h"

namespace riffle::corpus {
namespace {

Score four_bars() {
  Score score;
  score.genre = &genre_named("bossa nova");
  score.scale = scale_of(0, "major");
  score.song.bpm = 120;
  score.song.bars = 4;
  score.song.mode = "major";
  score.song.chords = {{0, 2, "min7"}, {1920, 7, "7"}, {3840, 0, "maj7"}, {6720, 9, "min"}};
  score.song.sections = {{"verse", 0, 4, {}}};
  return score;
}

TEST(Mma, ChordsAreWrittenABarALine) {
  EXPECT_EQ(mma_text(four_bars(), "BossaNova", 7),
            "RndSeed 7\nTempo 120.000\nGroove BossaNova\n"
            "1 Dm7 / / /\n2 G7 / / /\n3 CM7 / / /\n4 CM7 / Am /\n");
}

TEST(Mma, GroovesAreOfGenresThatExist) {
  for (const detail::GenreGrooves& entry : detail::mma_groove_table()) {
    EXPECT_NO_THROW(genre_named(entry.genre)) << entry.genre;
    EXPECT_FALSE(mma_grooves(entry.genre, entry.beats).empty());
  }
  EXPECT_TRUE(mma_grooves("ambient", 4).empty());
}

TEST(Mma, PlaysTheChordsInTimeAndAlikeEachTime) {
  if (!mma_installed()) GTEST_SKIP() << "the program mma is not installed";
  const Score score = four_bars();
  Random random(3);
  const std::vector<Track> tracks = mma_accompaniment(score, "BossaNova", random);
  ASSERT_GE(tracks.size(), 3U);
  EXPECT_TRUE(tracks.front().drums);
  int on_grid = 0;
  int all = 0;
  for (const Track& track : tracks) {
    for (const Note& note : track.notes) {
      EXPECT_LT(note.start, score.song.ticks());
      if (track.role != "bass") continue;
      ++all;
      on_grid += (note.start + 30) % (kTicksPerBeat / 2) <= 60;
      EXPECT_TRUE(score.scale.contains(note.key)) << note.key;
    }
  }
  EXPECT_GE(all, 8);
  EXPECT_GE(on_grid * 10, all * 9);
  Random again(3);
  const std::vector<Track> second = mma_accompaniment(score, "BossaNova", again);
  ASSERT_EQ(second.size(), tracks.size());
  for (size_t i = 0; i < tracks.size(); ++i) {
    EXPECT_EQ(second[i].notes.size(), tracks[i].notes.size());
    EXPECT_TRUE(
        std::ranges::equal(second[i].notes, tracks[i].notes, {}, &Note::start, &Note::start));
  }
}

TEST(Mma, AGrooveItDoesNotKnowGivesNothing) {
  Random random(3);
  EXPECT_TRUE(mma_accompaniment(four_bars(), "NoSuchGroove", random).empty());
}

TEST(Mma, SongsTellWhoPlayedThem) {
  int by_mma = 0;
  for (uint64_t seed = 0; seed < 24; ++seed) {
    const Song song = compose(seed, {.solo_share = 0, .mma_share = 1});
    const bool mma = song.groove.starts_with("mma ");
    by_mma += mma;
    EXPECT_TRUE(mma || song.groove == song.genre) << song.groove;
    EXPECT_GE(song.tracks.size(), 2U) << song.seed;
    for (const Track& track : song.tracks) {
      for (const Note& note : track.notes) {
        ASSERT_LE(note.start + note.length, song.ticks()) << song.seed;
        if (track.drums) continue;
        ASSERT_GE(note.key, instrument(track.instrument).lowest) << song.seed;
        ASSERT_LE(note.key, instrument(track.instrument).highest) << song.seed;
      }
    }
  }
  if (!mma_installed()) {
    EXPECT_EQ(by_mma, 0);
    GTEST_SKIP() << "the program mma is not installed";
  }
  EXPECT_GE(by_mma, 10);
}

TEST(RunProgram, TellsTheStatusAndWhatIsNotThere) {
  const auto shell = detail::find_program("sh");
  ASSERT_TRUE(shell.has_value());
  EXPECT_EQ(detail::run_program(*shell, {"-c", "exit 3"}), 3);
  EXPECT_EQ(detail::run_program("/nowhere/at/all", {}), -1);
  EXPECT_FALSE(detail::find_program("no-such-program-of-riffle").has_value());
}

}  // namespace
}  // namespace riffle::corpus
