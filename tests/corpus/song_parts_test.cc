// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/song_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "corpus/captions.h"
#include "corpus/compose.h"
#include "test_songs.h"

namespace riffle::corpus {
namespace {

using test_songs::small_song;
using testing::ElementsAre;

constexpr double kFrame = 0.02;

TEST(Renditions, ADrawIsRepeatableAndItsTracksDiffer) {
  std::set<std::string> names;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto drawn = draw_renditions(small_song(), seed);
    const auto again = draw_renditions(small_song(), seed);
    ASSERT_GE(drawn.size(), 3U);
    ASSERT_LE(drawn.size(), 5U);
    EXPECT_EQ(drawn[0].name, "mix");
    EXPECT_THAT(drawn[0].tracks, ElementsAre(0, 1, 2));
    std::set<std::vector<int>> tracks;
    for (size_t i = 0; i < drawn.size(); ++i) {
      EXPECT_EQ(drawn[i].tracks, again[i].tracks);
      EXPECT_FALSE(drawn[i].tracks.empty());
      EXPECT_TRUE(tracks.insert(drawn[i].tracks).second) << drawn[i].name;
      names.insert(drawn[i].name);
    }
  }
  EXPECT_TRUE(names.contains("no drums"));
  EXPECT_TRUE(names.contains("drums alone"));
  EXPECT_TRUE(names.contains("bass and drums"));
  EXPECT_TRUE(names.contains("bass guitar alone"));
  Song solo = small_song();
  solo.tracks.resize(1);
  EXPECT_EQ(draw_renditions(solo, 1).size(), 1U);
}

TEST(Renditions, ATrackLessLeavesTheOthersTheirSections) {
  const Song part = with_tracks(small_song(), {0, 2});
  ASSERT_EQ(part.tracks.size(), 2U);
  EXPECT_EQ(part.tracks[1].instrument, "flute");
  EXPECT_THAT(part.sections[0].tracks, ElementsAre(0));
  EXPECT_THAT(part.sections[1].tracks, ElementsAre(0, 1));
}

TEST(Segments, AreSectionsWhereTheseAreLongEnough) {
  const auto spans = segment_spans(small_song(), kFrame, 608);
  ASSERT_EQ(spans.size(), 2U);  // 3 bars of 2 s each: 300 frames, nearest multiple of 8
  EXPECT_EQ(spans[0].first_frame, 0);
  EXPECT_EQ(spans[0].last_frame, 304);
  EXPECT_EQ(spans[1].first_frame, 304);
  EXPECT_EQ(spans[1].last_frame, 600);
  EXPECT_EQ(spans[1].first_tick, 3 * 4 * kTicksPerBeat);
  EXPECT_EQ(spans[1].last_tick, 6 * 4 * kTicksPerBeat);
}

TEST(Segments, ShortSectionsAreJoinedAndLongOnesCutAtBars) {
  Song song = small_song();
  song.sections = {{"intro", 0, 1, {0}}, {"verse", 1, 4, {0, 1}}, {"outro", 5, 1, {0}}};
  auto spans = segment_spans(song, kFrame, 608);
  ASSERT_EQ(spans.size(), 1U);  // what is left is too short to stand alone
  EXPECT_EQ(spans[0].last_frame, 600);

  song.bars = 20;  // 40 s
  song.sections = {{"verse", 0, 20, {0}}};
  spans = segment_spans(song, kFrame, 2008);
  ASSERT_EQ(spans.size(), 4U);
  for (const Span& span : spans) {
    EXPECT_EQ(span.first_frame % kColumnFrames, 0);
    EXPECT_GE(span.last_frame - span.first_frame, kMinSegmentFrames);
    EXPECT_LE(span.last_frame - span.first_frame, kMaxSegmentFrames);
    EXPECT_EQ(span.first_tick % (4 * kTicksPerBeat), 0);
  }
  song.bars = 2;
  song.sections = {{"verse", 0, 2, {0}}};
  EXPECT_TRUE(segment_spans(song, kFrame, 208).empty());
}

TEST(Segments, OfComposedSongsCoverThemInOrder) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Song song = compose(seed, {.mma_share = 0});
    const auto frames = static_cast<int64_t>(song.seconds_of(song.ticks()) / kFrame) / 8 * 8 + 8;
    const auto spans = segment_spans(song, kFrame, frames);
    ASSERT_FALSE(spans.empty()) << seed;
    int64_t end = 0;
    for (const Span& span : spans) {
      EXPECT_EQ(span.first_frame, end);
      EXPECT_GE(span.last_frame - span.first_frame, kMinSegmentFrames);
      EXPECT_LE(span.last_frame, frames);
      end = span.last_frame;
    }
    EXPECT_NEAR(static_cast<double>(end) * kFrame, song.seconds_of(song.ticks()), 0.17);
  }
}

std::vector<int> columns_of(const at::Tensor& events, int64_t row) {
  std::vector<int> columns;
  for (int64_t c = 0; c < events.size(1); ++c) {
    if (events[row][c].item<uint8_t>() == 255) columns.push_back(static_cast<int>(c));
  }
  return columns;
}

TEST(Events, SayWhatSoundsInWhichColumn) {
  Song song = small_song();
  song.tracks.resize(2);
  song.tracks[0].notes = {{480, 10, 38, 100}};                     // 0.5 s: column 3
  song.tracks[1].notes = {{0, 480, 45, 90}, {1920, 960, 52, 90}};  // A 0..0.5 s, E 2..3 s
  const at::Tensor events = song_events(song, kFrame, 300);
  EXPECT_EQ(events.size(0), 14);
  EXPECT_EQ(events.size(1), 38);
  EXPECT_THAT(columns_of(events, 9), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(columns_of(events, 4), ElementsAre(12, 13, 14, 15, 16, 17, 18));
  EXPECT_THAT(columns_of(events, 0), ElementsAre());
  EXPECT_THAT(columns_of(events, 12), ElementsAre(0, 12));
  EXPECT_THAT(columns_of(events, 13), ElementsAre(3));
  // Columns 0-6 sound of the first 14 (drums for four columns): half.
  EXPECT_DOUBLE_EQ(sounding_share(events, {0, 0, 0, 14 * 8}), (7.0 + 2) / 14);
}

TEST(Events, CaptionsSpeakOfNothingThatDoesNotSound) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    const Song song = compose(seed, {.solo_share = 0, .mma_share = 0});
    for (const Rendition& rendition : draw_renditions(song, seed)) {
      const Song part = with_tracks(song, rendition.tracks);
      for (const Span& span : segment_spans(part, kFrame, 4000)) {
        std::set<std::string> playing;
        for (const Track& track : part.tracks) {
          for (const Note& note : track.notes) {
            if (note.start < span.last_tick && note.start + note.length > span.first_tick) {
              playing.insert(track.instrument);
            }
          }
        }
        const ExcerptFacts facts = facts_of(part, span.first_tick, span.last_tick);
        for (const AudiblePart& audible : facts.parts) {
          EXPECT_TRUE(playing.contains(audible.instrument)) << seed << " " << rendition.name;
        }
        if (!facts.drums.empty()) {
          EXPECT_TRUE(playing.contains(facts.drums)) << seed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace riffle::corpus
