// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/chords.h"

#include <gmock/gmock.h>

#include <set>

#include "core/error.h"

namespace riffle::text {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Chords, ReadsWhatLeadSheetsWrite) {
  EXPECT_THAT(parse_chord("C"), ElementsAre(0, 4, 7));
  EXPECT_THAT(parse_chord("Am"), ElementsAre(9, 0, 4));
  EXPECT_THAT(parse_chord("F#m7"), ElementsAre(6, 9, 1, 4));
  EXPECT_THAT(parse_chord("Bb"), ElementsAre(10, 2, 5));
  EXPECT_THAT(parse_chord("B\u266dmaj7"), ElementsAre(10, 2, 5, 9));
  EXPECT_THAT(parse_chord("CM7"), ElementsAre(0, 4, 7, 11));
  EXPECT_THAT(parse_chord("Cm7"), ElementsAre(0, 3, 7, 10));
  EXPECT_THAT(parse_chord("Bdim"), ElementsAre(11, 2, 5));
  EXPECT_THAT(parse_chord("Dsus4"), ElementsAre(2, 7, 9));
  EXPECT_THAT(parse_chord("E5"), ElementsAre(4, 11));
  EXPECT_THAT(parse_chord("G/B"), ElementsAre(11, 7, 2));
  EXPECT_THAT(parse_chord("C/D"), ElementsAre(2, 0, 4, 7));
  EXPECT_THAT(parse_chord("N.C."), IsEmpty());
}

TEST(Chords, EveryQualityIsReadByItsName) {
  std::set<std::vector<int>> different;
  for (const ChordQuality& quality : chord_qualities()) {
    const auto tones = parse_chord("C" + std::string(quality.name));
    EXPECT_EQ(tones.size(), quality.intervals.size()) << quality.name;
    EXPECT_TRUE(different.insert(tones).second) << quality.name;
  }
}

TEST(Chords, RefusesWhatIsNone) {
  for (const char* text :
       {"", "H", "Cx", "C/H", "C/", "/C", "7", "hello", "|", "%", "Am | hello"}) {
    try {
      parse_chords(text);
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::InvalidArgument) << text;
    }
  }
}

TEST(Chords, OneABarWhereThereAreNoBarLines) {
  const auto spans = parse_chords(" Am  F,C ");
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[1].start, 1);
  EXPECT_EQ(spans[2].end, 3);
  EXPECT_THAT(spans[2].pitch_classes, ElementsAre(0, 4, 7));
}

TEST(Chords, ChordsOfABarShareIt) {
  const auto spans = parse_chords("| Am | F C G | % | N.C. |");
  ASSERT_EQ(spans.size(), 8U);
  EXPECT_THAT(spans[1].end, DoubleNear(1 + 1.0 / 3, 1e-9));
  EXPECT_THAT(spans[4].start, DoubleNear(2, 1e-9));
  EXPECT_THAT(spans[6].end, DoubleNear(3, 1e-9));
  EXPECT_EQ(spans[4].pitch_classes, spans[1].pitch_classes);
  EXPECT_EQ(spans[6].pitch_classes, spans[3].pitch_classes);
  EXPECT_THAT(spans[7].pitch_classes, IsEmpty());
  EXPECT_EQ(spans[7].end, 4);
}

}  // namespace
}  // namespace riffle::text
