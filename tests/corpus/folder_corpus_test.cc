// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/folder_corpus.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "audio/audio_writer.h"
#include "core/error.h"
#include "core/files.h"
#include "shards/corpus_files.h"
#include "shards/shard_reader.h"
#include "support/test_files.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A tone that begins at start_s.
void write_tone(const fs::path& path, double seconds, double hz, double start_s = 0,
                int rate = 44100, int channels = 1) {
  audio::Waveform sound{rate, {}};
  std::vector<float> samples(static_cast<size_t>(seconds * rate), 0.0F);
  for (auto i = static_cast<size_t>(start_s * rate); i < samples.size(); ++i) {
    samples[i] = static_cast<float>(
        0.3 * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  }
  sound.samples.assign(static_cast<size_t>(channels), samples);
  fs::create_directories(path.parent_path());
  audio::write_audio(path, sound, {.maybe_sample_type = audio::SampleType::Int16});
}

FolderOptions short_excerpts() { return {.excerpt_s = 6}; }

std::map<std::string, std::string> reasons(const FolderReport& report) {
  std::map<std::string, std::string> reasons;
  for (const auto& refused : report.refused) reasons[refused.name] = refused.reason;
  return reasons;
}

TEST(FolderCorpus, RecordingsWithCaptionsBecomeExcerpts) {
  test::TemporaryFolder folder;
  write_tone(folder / "in/a.wav", 14, 440, 0, 22050, 2);
  write_tone(folder / "in/sub/b.flac", 6, 220);
  write_text_file(folder / "in/captions.jsonl",
                  R"({"file": "a.wav", "captions": ["a tone", "an a"], "bpm": 100, "key": "A",)"
                  R"( "mode": "minor", "genre": "test", "instruments": ["flute"]})");
  write_text_file(folder / "in/sub/b.txt", "a low tone\n");
  const auto report = build_corpus(folder / "in", folder / "out", short_excerpts());
  EXPECT_EQ(report.layout, "recordings");
  EXPECT_EQ(report.songs, 2);
  EXPECT_TRUE(report.refused.empty());
  const shards::ShardReader reader(folder / "out");
  ASSERT_EQ(reader.records().size(), 3U);  // 6 + 6 (the last 2 s are too short), and 6
  const auto& first = reader.records()[0];
  EXPECT_EQ(first.song, "a.wav");
  EXPECT_EQ(first.frames, 296);  // 6 s in columns of eight frames
  EXPECT_EQ(first.maybe_bpm, 100);
  EXPECT_EQ(first.maybe_key, "A");
  ASSERT_EQ(first.segments.size(), 1U);
  EXPECT_EQ(first.segments[0].last_frame, 296);
  EXPECT_THAT(first.segments[0].captions, testing::ElementsAre("a tone", "an a"));
  EXPECT_EQ(reader.records()[2].song, "sub/b.flac");
  EXPECT_FALSE(reader.records()[2].maybe_bpm);
  EXPECT_FALSE(reader.events(0).defined());
  // 440 Hz is darkest in the same row from beginning to end.
  const at::Tensor levels = reader.levels(1);
  const int64_t row = levels.select(1, 10).argmin().item<int64_t>();
  EXPECT_LE(std::abs(row - levels.select(1, 280).argmin().item<int64_t>()), 1);
  EXPECT_LT(levels[row][150].item<uint8_t>(), 30);
}

TEST(FolderCorpus, WhatIsBrokenIsRefusedOneByOneAndToldAgain) {
  test::TemporaryFolder folder;
  write_tone(folder / "in/good.wav", 7, 440);
  write_tone(folder / "in/short.wav", 3, 440);
  write_tone(folder / "in/silent.wav", 7, 440, 7);
  write_tone(folder / "in/cut.flac", 9, 440);
  fs::resize_file(folder / "in/cut.flac", fs::file_size(folder / "in/cut.flac") / 2);
  write_text_file(folder / "in/noise.mp3", "this is no mp3");
  write_tone(folder / "in/mute.wav", 7, 440);
  for (const char* name : {"good", "short", "silent", "cut", "noise"}) {
    write_text_file(folder / "in" / (std::string(name) + ".txt"), "a tone");
  }
  write_text_file(folder / "in/captions.csv", "file,caption\ngone.wav,was here\n");
  for (int run = 0; run < 2; ++run) {
    const auto report = build_corpus(folder / "in", folder / "out", short_excerpts());
    EXPECT_EQ(report.songs, 1);
    EXPECT_EQ(report.records, 1);
    EXPECT_EQ(report.shards_present, run);
    const auto why = reasons(report);
    ASSERT_EQ(why.size(), 6U);
    EXPECT_THAT(why.at("short.wav"), HasSubstr("3.00 s long, expected at least 5.12 s"));
    EXPECT_THAT(why.at("silent.wav"), HasSubstr("silent throughout"));
    EXPECT_THAT(why.at("cut.flac"), HasSubstr("cut.flac"));
    EXPECT_THAT(why.at("noise.mp3"), HasSubstr("noise.mp3"));
    EXPECT_THAT(why.at("mute.wav"), HasSubstr("no caption"));
    EXPECT_THAT(why.at("gone.wav"), HasSubstr("no such sound file"));
  }
  const auto all = build_corpus(folder / "in", folder / "other",
                                {.excerpt_s = 6, .maybe_default_caption = "a sound"});
  EXPECT_EQ(all.songs, 2);
}

TEST(FolderCorpus, AFolderWithoutAnythingUsableIsAnError) {
  test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(build_corpus(folder / "none", folder / "out", {}), ErrorCode::NotFound,
                      "no such folder");
  fs::create_directories(folder / "in");
  EXPECT_RIFFLE_ERROR(build_corpus(folder / "in", folder / "out", {}), ErrorCode::NotFound,
                      "nothing to train on");
  write_tone(folder / "in/a.wav", 1, 440);
  EXPECT_RIFFLE_ERROR(build_corpus(folder / "in", folder / "out", {.maybe_default_caption = "a"}),
                      ErrorCode::BadFile,
                      "none of 1 songs could be used, the first of them: a.wav");
  EXPECT_RIFFLE_ERROR(build_corpus(folder / "in", folder / "out", {.excerpt_s = 2}),
                      ErrorCode::InvalidArgument, "excerpts of 2 s");
}

TEST(FolderCorpus, SplitsAreBySongAndStayWhenSongsCome) {
  test::TemporaryFolder folder;
  for (int i = 0; i < 20; ++i) {
    write_tone(folder / "in" / fmt::format("{:02}.wav", i), 12.5, 200 + 20 * i);
  }
  const FolderOptions options{
      .excerpt_s = 6, .maybe_default_caption = "a tone", .valid_share = 0.2, .test_share = 0.2};
  build_corpus(folder / "in", folder / "out", options);
  const auto splits = [&] {
    std::map<std::string, shards::Split> of;
    const shards::ShardReader reader(folder / "out");
    for (const auto& record : reader.records()) {
      const auto [known, fresh] = of.emplace(record.song, record.split);
      EXPECT_EQ(known->second, record.split) << record.song;
    }
    return of;
  };
  const auto before = splits();
  std::map<shards::Split, int> counts;
  for (const auto& [song, split] : before) ++counts[split];
  EXPECT_GE(counts[shards::Split::Valid], 1);
  EXPECT_GE(counts[shards::Split::Test], 1);
  EXPECT_GE(counts[shards::Split::Train], 8);

  write_tone(folder / "in/aa.wav", 7, 300);  // the last shard is made anew, the first stays
  const auto report = build_corpus(folder / "in", folder / "out", options);
  EXPECT_EQ(report.shards_present, 1);
  EXPECT_EQ(report.shards_written, 1);
  auto after = splits();
  after.erase("aa.wav");
  EXPECT_EQ(after, before);

  fs::create_directories(folder / "split/test");
  write_tone(folder / "split/test/x.wav", 7, 300);
  write_tone(folder / "split/train/y.wav", 7, 300);
  build_corpus(folder / "split", folder / "told", options);
  const shards::ShardReader told(folder / "told");
  for (const auto& record : told.records()) {
    EXPECT_EQ(record.split,
              record.song == "test/x.wav" ? shards::Split::Test : shards::Split::Train);
  }
}

// Every rendition holds what it says: rows of the tones of its stems are dark, others are not.
void expect_tones(const shards::ShardReader& reader, const std::map<std::string, double>& hz_of) {
  std::set<std::string> renditions;
  std::map<std::string, int64_t> row_of;
  for (size_t i = 0; i < reader.records().size(); ++i) {
    const auto& instruments = reader.records()[i].segments.at(0).instruments;
    if (instruments.size() == 1 && hz_of.contains(instruments[0]) &&
        reader.records()[i].rendition != "mix") {
      row_of[instruments[0]] = reader.levels(i).select(1, 100).argmin().item<int64_t>();
    }
  }
  ASSERT_GE(row_of.size(), 2U);
  for (size_t i = 0; i < reader.records().size(); ++i) {
    const auto& record = reader.records()[i];
    renditions.insert(record.rendition);
    const auto& instruments = record.segments[0].instruments;
    for (const auto& [word, row] : row_of) {
      const bool there =
          std::find(instruments.begin(), instruments.end(), word) != instruments.end();
      const int level = reader.levels(i)[row][100].item<uint8_t>();
      EXPECT_EQ(level < 60, there) << record.id << " " << record.rendition << " " << word;
    }
  }
  EXPECT_GE(renditions.size(), 3U);
}

TEST(FolderCorpus, Musdb) {
  test::TemporaryFolder folder;
  for (int song = 0; song < 3; ++song) {
    const fs::path in =
        folder / (song == 0 ? "in/test" : "in/train") / fmt::format("Song {}", song);
    write_tone(in / "mixture.wav", 6.5, 50);
    write_tone(in / "bass.wav", 6.5, 110);
    write_tone(in / "drums.wav", 6.5, 4000);
    write_tone(in / "vocals.wav", 6.5, 880);
    write_tone(in / "other.wav", 6.5, 440, 6.5);  // silent
  }
  const auto report = build_corpus(folder / "in", folder / "out", short_excerpts());
  EXPECT_EQ(report.layout, "musdb");
  EXPECT_EQ(report.songs, 3);
  const shards::ShardReader reader(folder / "out");
  EXPECT_GE(reader.records().size(), 6U);
  expect_tones(reader, {{"bass guitar", 110}, {"drums", 4000}, {"vocals", 880}});
  for (const auto& record : reader.records()) {
    EXPECT_EQ(record.split == shards::Split::Test, record.song == "test/Song 0");
  }
}

TEST(FolderCorpus, Moisesdb) {
  test::TemporaryFolder folder;
  for (int song = 0; song < 4; ++song) {
    const fs::path in = folder / fmt::format("in/{:04}-5678", song);
    write_tone(in / "bass/x.wav", 6.5, 110);
    write_tone(in / "guitar/left.wav", 6.5, 660);
    write_tone(in / "guitar/right.wav", 6.5, 660);
    write_tone(in / "drums/kick.wav", 6.5, 3000);
    write_text_file(in / "data.json", R"({"song": "x", "artist": "y", "genre": "Rock"})");
  }
  fs::create_directories(folder / "in/broken");
  write_text_file(folder / "in/broken/data.json", "{");
  const auto report = build_corpus(folder / "in", folder / "out", short_excerpts());
  EXPECT_EQ(report.layout, "moisesdb");
  EXPECT_EQ(report.songs, 4);
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].name, "broken");
  const shards::ShardReader reader(folder / "out");
  EXPECT_EQ(reader.records()[0].genre, "rock");
  expect_tones(reader, {{"bass guitar", 110}, {"guitar", 660}, {"drums", 3000}});
}

TEST(FolderCorpus, Slakh) {
  test::TemporaryFolder folder;
  for (int song = 0; song < 4; ++song) {
    const fs::path in = folder / fmt::format("in/validation/Track{:05}", song);
    write_tone(in / "mix.flac", 6.5, 50);
    write_tone(in / "stems/S00.flac", 6.5, 110);
    write_tone(in / "stems/S01.flac", 6.5, 990);
    write_tone(in / "stems/S02.flac", 6.5, 5000);
    write_text_file(
        in / "metadata.yaml",
        "UUID: abc\nstems:\n  S00:\n    audio_rendered: true\n    inst_class: Bass\n"
        "    is_drum: false\n    program_num: 36\n  S01:\n    inst_class: Strings (continued)\n"
        "    is_drum: false\n    program_num: 40\n  S02:\n    inst_class: Drums\n"
        "    is_drum: true\n    program_num: 128\n  S03:\n    inst_class: Guitar\n"
        "    is_drum: false\n    program_num: 27\ntarget_peak: -1.0\n");
  }
  const auto report = build_corpus(folder / "in", folder / "out", short_excerpts());
  EXPECT_EQ(report.layout, "slakh");
  const shards::ShardReader reader(folder / "out");
  EXPECT_EQ(reader.records()[0].split, shards::Split::Valid);
  EXPECT_THAT(reader.records()[0].segments[0].instruments,
              testing::UnorderedElementsAre("slap bass", "violin", "drums"));
  expect_tones(reader, {{"slap bass", 110}, {"violin", 990}, {"drums", 5000}});
}

}  // namespace
}  // namespace riffle::corpus
