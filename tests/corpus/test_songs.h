// SPDX-License-Identifier: GPL-3.0-or-later
// Small songs for tests of the renderer, and the soundfont they are rendered with.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "corpus/song.h"
#include "corpus/soundfonts.h"

namespace riffle::corpus::test_songs {

inline constexpr const char* kSmallFont = "TimGM6mb";

inline bool small_font_installed() {
  for (const auto& folder : soundfont_folders()) {
    if (std::filesystem::exists(folder / (std::string(kSmallFont) + ".sf2"))) return true;
  }
  return false;
}

// Four bars in 4/4 at 120 bpm, 8 s: a section of 3 bars (6 s) with drums and bass, one of 3 with a
// flute too.
inline Song small_song(uint64_t seed = 1) {
  Song song;
  song.seed = seed;
  song.key = 9;
  song.mode = "minor";
  song.genre = "funk";
  song.groove = "test";
  song.mood = "calm";
  song.bars = 6;
  song.chords = {{0, 9, "min"}};
  song.sections = {{"intro", 0, 3, {0, 1}}, {"verse", 3, 3, {0, 1, 2}}};
  Track drums{.instrument = "drums", .role = "drums", .drums = true, .program = 0};
  Track bass{.instrument = "bass guitar", .role = "bass", .program = 33, .pan = -0.3};
  Track flute{.instrument = "flute", .role = "lead", .program = 73, .pan = 0.4};
  for (int64_t beat = 0; beat < 24; ++beat) {
    const int64_t at = beat * kTicksPerBeat;
    drums.notes.push_back({at, 120, beat % 2 == 0 ? 36 : 38, 110});
    bass.notes.push_back({at, 400, beat % 4 < 2 ? 45 : 40, 100});
    if (beat >= 12) flute.notes.push_back({at, 440, 69 + static_cast<int>(beat % 3) * 3, 90});
  }
  song.tracks = {drums, bass, flute};
  return song;
}

}  // namespace riffle::corpus::test_songs

// Skips the test where the small soundfont is missing.
#define RIFFLE_SMALL_FONT_OR_SKIP()                                        \
  if (!::riffle::corpus::test_songs::small_font_installed())               \
  GTEST_SKIP() << "soundfont " << ::riffle::corpus::test_songs::kSmallFont \
               << " is not installed (timgm6mb-soundfont)"
