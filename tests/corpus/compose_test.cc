// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "core/error.h"
#include "corpus/instruments.h"
#include "corpus/theory.h"

namespace riffle::corpus {
namespace {

constexpr int kSeeds = 500;

const std::vector<Song>& songs() {
  static const std::vector<Song> all = [] {
    std::vector<Song> list;
    for (int seed = 0; seed < kSeeds; ++seed) list.push_back(compose(seed, {.mma_share = 0}));
    return list;
  }();
  return all;
}

std::string name_of(const Song& song) {
  return "seed " + std::to_string(song.seed) + ", " + song.genre;
}

const Chord& chord_at(const Song& song, int64_t tick) {
  return *(std::ranges::upper_bound(song.chords, tick, {}, &Chord::tick) - 1);
}

bool same(const Song& a, const Song& b) {
  if (a.bpm != b.bpm || a.key != b.key || a.mode != b.mode || a.tracks.size() != b.tracks.size()) {
    return false;
  }
  for (size_t i = 0; i < a.tracks.size(); ++i) {
    const Track& x = a.tracks[i];
    const Track& y = b.tracks[i];
    if (x.instrument != y.instrument || x.program != y.program || x.gain_db != y.gain_db ||
        x.pan != y.pan) {
      return false;
    }
    const bool notes = std::ranges::equal(x.notes, y.notes, [](const Note& m, const Note& n) {
      return m.start == n.start && m.length == n.length && m.key == n.key &&
             m.velocity == n.velocity;
    });
    const bool controls =
        std::ranges::equal(x.controls, y.controls, [](const Control& m, const Control& n) {
          return m.tick == n.tick && m.controller == n.controller && m.value == n.value;
        });
    if (!notes || !controls) return false;
  }
  return true;
}

TEST(Compose, TheSameSeedGivesTheSameSongOnEveryThread) {
  std::vector<Song> again(64);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < again.size(); i += 4) again[i] = compose(i, {.mma_share = 0});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < again.size(); ++i) EXPECT_TRUE(same(again[i], songs()[i])) << i;
  EXPECT_FALSE(same(songs()[0], songs()[1]));
}

TEST(Compose, LengthsTempiAndMetersAreAsPromised) {
  std::set<int> keys;
  std::set<std::string> modes;
  std::array<int, 4> tempo_quarters{};
  int waltzes = 0;
  for (const Song& song : songs()) {
    EXPECT_GE(song.bars, 8) << name_of(song);
    EXPECT_LE(song.bars, 16) << name_of(song);
    EXPECT_GE(song.bpm, 60) << name_of(song);
    EXPECT_LE(song.bpm, 180) << name_of(song);
    EXPECT_TRUE(song.beats_per_bar == 4 || song.beats_per_bar == 3) << name_of(song);
    const double seconds = song.seconds_of(song.ticks());
    EXPECT_GE(seconds, 10) << name_of(song);
    EXPECT_LE(seconds, 33) << name_of(song);
    EXPECT_FALSE(song.mood.empty()) << name_of(song) << " " << song.mode << " " << song.bpm;
    keys.insert(song.key);
    modes.insert(song.mode);
    waltzes += song.beats_per_bar == 3;
    ++tempo_quarters[static_cast<size_t>(std::min((song.bpm - 60) / 30, 3.0))];
  }
  EXPECT_EQ(keys.size(), 12U);
  EXPECT_EQ(modes.size(), 7U);
  EXPECT_THAT(waltzes, testing::AllOf(testing::Ge(kSeeds / 25), testing::Le(kSeeds / 4)));
  for (const int share : tempo_quarters) EXPECT_GE(share, kSeeds / 12);
}

TEST(Compose, InOneSongOfThreeBarsFallOnColumns) {
  int on_columns = 0;
  for (const Song& song : songs()) {
    const double columns = song.seconds_of(song.beats_per_bar * kTicksPerBeat) / 0.16;
    on_columns += std::abs(columns - std::round(columns)) < 1e-9;
  }
  EXPECT_GE(on_columns, kSeeds / 4);
  EXPECT_LE(on_columns, kSeeds / 2);
}

TEST(Compose, EveryNoteIsInsideSongRangeAndSections) {
  for (const Song& song : songs()) {
    ASSERT_FALSE(song.tracks.empty()) << name_of(song);
    for (const Track& track : song.tracks) {
      const std::string where = name_of(song) + ", " + track.instrument + " " + track.role;
      EXPECT_GE(track.notes.size(), 2U) << where;
      int64_t last = 0;
      std::map<int, int64_t> free_from;
      for (const Note& note : track.notes) {
        ASSERT_GE(note.start, last) << where;
        last = note.start;
        ASSERT_GE(note.length, 1) << where;
        ASSERT_LE(note.start + note.length, song.ticks()) << where;
        ASSERT_GE(note.velocity, 1) << where;
        ASSERT_LE(note.velocity, 127) << where;
        ASSERT_GE(note.start, free_from[note.key]) << where;
        free_from[note.key] = note.start + note.length;
        if (track.drums) continue;
        ASSERT_GE(note.key, instrument(track.instrument).lowest) << where;
        ASSERT_LE(note.key, instrument(track.instrument).highest) << where;
      }
    }
  }
}

TEST(Compose, NotesAreOfTheScaleOrTheChord) {
  int64_t all = 0;
  int64_t foreign = 0;
  for (const Song& song : songs()) {
    const Scale scale = scale_of(song.key, song.mode);
    int64_t here = 0;
    int64_t foreign_here = 0;
    for (const Track& track : song.tracks) {
      if (track.drums) continue;
      for (const Note& note : track.notes) {
        // A note played a little early belongs to the chord it leads into.
        const Chord& soon = chord_at(song, note.start + 30);
        const bool fits = scale.contains(note.key) || holds(soon, note.key) ||
                          holds(chord_at(song, note.start), note.key);
        ++here;
        foreign_here += fits ? 0 : 1;
      }
    }
    all += here;
    foreign += foreign_here;
    EXPECT_LE(foreign_here * 100, here * 12) << name_of(song) << " " << song.mode;
  }
  EXPECT_LE(foreign * 100, all * 2);
}

TEST(Compose, SectionsCoverTheSongAndAreLongEnoughForAWindow) {
  for (const Song& song : songs()) {
    int64_t bar = 0;
    for (const Section& section : song.sections) {
      EXPECT_EQ(section.first_bar, bar) << name_of(song);
      bar += section.bars;
      const double seconds = song.seconds_of(section.bars * song.beats_per_bar * kTicksPerBeat);
      EXPECT_GE(seconds, 5.2) << name_of(song) << " " << section.name;
      EXPECT_FALSE(section.tracks.empty()) << name_of(song);
      for (const int track : section.tracks) {
        EXPECT_LT(static_cast<size_t>(track), song.tracks.size()) << name_of(song);
      }
    }
    EXPECT_EQ(bar, song.bars) << name_of(song);
    EXPECT_EQ(song.chords.front().tick, 0) << name_of(song);
  }
}

TEST(Compose, FiveHundredSongsCoverGenresAndInstruments) {
  std::map<std::string, int> genre_count;
  std::set<std::string> players;
  std::set<std::string> kits;
  int solos = 0;
  for (const Song& song : songs()) {
    ++genre_count[song.genre];
    solos += song.tracks.size() == 1;
    for (const Track& track : song.tracks) {
      (track.drums ? kits : players).insert(track.instrument);
    }
  }
  EXPECT_EQ(genre_count.size(), genres().size());
  EXPECT_GE(genre_count.size(), 16U);
  EXPECT_GE(players.size(), 45U);
  EXPECT_GE(kits.size(), 6U);
  EXPECT_THAT(solos, testing::AllOf(testing::Ge(kSeeds * 3 / 10), testing::Le(kSeeds / 2)));
}

TEST(Compose, MelodiesComeBack) {
  int compared = 0;
  int other = 0;  // whose fourth bar differs from the first
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Song song = compose(seed, {.genre = "chiptune", .solo_share = 0, .mma_share = 0});
    const int64_t bar = song.beats_per_bar * kTicksPerBeat;
    for (const Track& track : song.tracks) {
      if (track.role != "lead") continue;
      const auto rhythm = [&](int64_t number) {
        std::vector<int64_t> starts;
        for (const Note& note : track.notes) {
          if (note.start / bar == number) starts.push_back(note.start % bar);
        }
        return starts;
      };
      if (rhythm(0).empty() || rhythm(4).empty()) continue;  // it rests in that section
      ++compared;
      EXPECT_EQ(rhythm(0), rhythm(4)) << name_of(song);
      other += rhythm(0) != rhythm(3);
    }
  }
  EXPECT_GE(compared, 20);
  EXPECT_GE(other * 10, compared * 8);
}

TEST(Compose, EveryGenreCanBeAskedForAloneAndInBands) {
  for (const std::string& genre : genres()) {
    for (uint64_t seed = 0; seed < 12; ++seed) {
      const Song band = compose(seed, {.genre = genre, .solo_share = 0, .mma_share = 0});
      EXPECT_EQ(band.genre, genre);
      EXPECT_GE(band.tracks.size(), 2U) << name_of(band);
      const Song solo = compose(seed, {.genre = genre, .solo_share = 1});
      EXPECT_EQ(solo.tracks.size(), 1U) << name_of(solo);
    }
  }
  EXPECT_THROW(compose(1, {.genre = "polka metal"}), Error);
}

}  // namespace
}  // namespace riffle::corpus
