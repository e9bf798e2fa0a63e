// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/music_terms.h"

#include <gtest/gtest.h>

namespace riffle::text {
namespace {

struct Case {
  const char* prompt;
  std::optional<double> bpm;
  std::optional<int> key;
  std::string_view mode;
  const char* rest;
};

TEST(MusicTerms, ReadsTempoAndKey) {
  const Case cases[] = {
      {"funky bass at 112 bpm in F# dorian", 112, 6, "dorian", "funky bass at"},
      {"Techno, 128bpm", 128, {}, "", "techno"},
      {"bpm 90 piano", 90, {}, "", "piano"},
      {"93.75 bpm lo-fi beat", 93.75, {}, "", "lo-fi beat"},
      {"sad piano in e minor", {}, 4, "minor", "sad piano"},
      {"a minor blues", {}, 9, "minor", "blues"},
      {"Bb major brass", {}, 10, "major", "brass"},
      {"organ in the key of b flat", {}, 10, "", "organ"},
      {"key of c sharp minor, strings", {}, 1, "minor", "strings"},
      {"guitar in g harmonic minor", {}, 7, "harmonic minor", "guitar"},
      {"choir in e", {}, 4, "", "choir"},
      {"in d mixolydian at 80 bpm.", 80, 2, "mixolydian", "at"},
  };
  for (const Case& c : cases) {
    const MusicTerms terms = find_music_terms(c.prompt);
    EXPECT_EQ(terms.bpm, c.bpm) << c.prompt;
    EXPECT_EQ(terms.key, c.key) << c.prompt;
    EXPECT_EQ(terms.mode, c.mode.empty() ? std::optional<int>{} : mode_index_of(c.mode))
        << c.prompt;
    EXPECT_EQ(terms.rest, c.rest);
  }
}

TEST(MusicTerms, LeavesOtherWordsAlone) {
  for (const char* prompt : {"a band in a club", "808 drums", "7 mm film", "e guitar", "c",
                             "5000 bpm noise", "major hit", "minor chords", "bpm", "in"}) {
    const MusicTerms terms = find_music_terms(prompt);
    EXPECT_FALSE(terms.bpm) << prompt;
    EXPECT_FALSE(terms.key) << prompt;
    EXPECT_EQ(terms.rest, prompt);
  }
}

TEST(MusicTerms, TheFirstOfEachKindCounts) {
  const MusicTerms terms = find_music_terms("80 bpm then 120 bpm, c major to d minor");
  EXPECT_EQ(terms.bpm, 80);
  EXPECT_EQ(terms.key, 0);
  EXPECT_EQ(terms.rest, "then to");
}

TEST(MusicTerms, KnowsEveryNote) {
  const char* names[] = {"c", "c#", "D", "eb", "e", "f", "Gb", "g", "ab", "a", "A#", "b"};
  for (int i = 0; i < 12; ++i) EXPECT_EQ(pitch_class_of(names[i]), i) << names[i];
  EXPECT_EQ(pitch_class_of("cb"), 11);
  EXPECT_FALSE(pitch_class_of("h"));
  EXPECT_FALSE(pitch_class_of(""));
  EXPECT_FALSE(pitch_class_of("cc"));
  for (size_t i = 0; i < kModes.size(); ++i) {
    EXPECT_EQ(mode_index_of(kModes[i]), static_cast<int>(i));
  }
}

}  // namespace
}  // namespace riffle::text
