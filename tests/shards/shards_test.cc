// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "shards/corpus_files.h"
#include "shards/shard_reader.h"
#include "shards/shard_writer.h"
#include "support/test_files.h"

namespace riffle::shards {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

CorpusHeader small_header() {
  CorpusHeader header;
  header.spectrogram = {{"step_size_ms", 20}};
  header.made_by = {{"command", "test"}, {"seed", 1}};
  header.rows = 4;
  return header;
}

NewRecord make_record(int64_t number, int64_t frames = 21) {
  NewRecord made;
  Record& r = made.record;
  r.id = fmt::format("r{:04}", number);
  r.song = fmt::format("s{}", number / 2);
  r.split = number % 3 == 0 ? Split::Test : Split::Train;
  r.frames = frames;
  r.max_value = 1.5e6 + static_cast<double>(number);
  r.source = "synth";
  r.seed = 1ULL << 63;
  r.rendition = "no drums";
  r.maybe_bpm = 117.25;
  r.beats_per_bar = 3;
  r.first_beat_s = 0.25;
  r.maybe_key = "F#";
  r.maybe_mode = "dorian";
  r.genre = "funk";
  r.groove = "Funk1";
  r.soundfont = "TimGM6mb";
  r.segments = {{0, 10, {"a", "b"}, {"slap bass", "flute"}, true, "funk", "calm"},
                {12, 21, {"c"}, {}, false, "funk", ""}};
  made.levels = at::full({4, frames}, number % 256, at::kByte);
  if (number % 2 == 0) made.events = at::full({14, (frames + 7) / 8}, 255, at::kByte);
  return made;
}

std::vector<NewRecord> make_shard(int64_t shard) {
  std::vector<NewRecord> records;
  for (int64_t i = 0; i < 3; ++i) records.push_back(make_record(shard * 3 + i));
  return records;
}

std::map<std::string, std::vector<uint8_t>> contents(const fs::path& folder) {
  std::map<std::string, std::vector<uint8_t>> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[entry.path().lexically_relative(folder).string()] = read_file(entry.path(), 1 << 20);
    }
  }
  return files;
}

void write_all(const fs::path& corpus, int64_t shards, const Job& job = {}) {
  const ShardWriter writer(corpus, small_header());
  for (int64_t i = 0; i < shards; ++i) {
    if (!writer.find(i)) writer.write(i, make_shard(i), {{"songs", "2"}}, job);
  }
}

TEST(Shards, WhatIsWrittenComesBack) {
  test::TemporaryFolder folder;
  write_all(folder / "c", 2);
  const ShardReader reader(folder / "c");
  EXPECT_EQ(to_json(reader.header()), to_json(small_header()));
  EXPECT_EQ(reader.shards(), 2U);
  ASSERT_EQ(reader.records().size(), 6U);
  for (size_t i = 0; i < 6; ++i) {
    const NewRecord expected = make_record(static_cast<int64_t>(i));
    EXPECT_EQ(to_json(reader.records()[i]), to_json(expected.record));
    EXPECT_TRUE(at::equal(reader.levels(i), expected.levels));
    ASSERT_EQ(reader.events(i).defined(), expected.events.defined());
    if (expected.events.defined()) {
      EXPECT_TRUE(at::equal(reader.events(i), expected.events));
    }
  }
  EXPECT_THAT(reader.indices(Split::Test), ElementsAre(0, 3));
  EXPECT_THAT(reader.indices(Split::Valid), ElementsAre());
}

TEST(Shards, AbsentFactsStayAbsent) {
  test::TemporaryFolder folder;
  NewRecord made = make_record(1);
  made.record.maybe_bpm.reset();
  made.record.maybe_key.reset();
  made.record.maybe_mode.reset();
  ShardWriter(folder / "c", small_header()).write(0, {made});
  const ShardReader reader(folder / "c");
  EXPECT_FALSE(reader.records()[0].maybe_bpm);
  EXPECT_FALSE(reader.records()[0].maybe_key);
  EXPECT_FALSE(reader.records()[0].maybe_mode);
}

TEST(Shards, AReaderSeesShardsThatAppearAndKeepsItsOrder) {
  test::TemporaryFolder folder;
  const ShardWriter writer(folder / "c", small_header());
  writer.write(1, make_shard(1));
  ShardReader reader(folder / "c");
  writer.write(2, make_shard(2));
  writer.write(0, make_shard(0));
  EXPECT_EQ(reader.refresh(), 6U);
  EXPECT_EQ(reader.refresh(), 0U);
  std::vector<std::string> ids;
  for (const auto& record : reader.records()) ids.push_back(record.id);
  EXPECT_THAT(ids, ElementsAre("r0003", "r0004", "r0005", "r0000", "r0001", "r0002", "r0006",
                               "r0007", "r0008"));
  EXPECT_TRUE(at::equal(reader.levels(3), make_record(0).levels));
}

// The child is killed at its n-th report of progress, for every n until it lives to the end.
TEST(Shards, ARunKilledAnywhereGoesOnToTheSameBytes) {
  test::TemporaryFolder folder;
  write_all(folder / "whole", 4);
  int deaths = 0;
  for (int n = 1;; ++n) {
    const fs::path corpus = folder / "killed";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int reports = 0;
      Job job;
      job.on_progress = [&](const Progress&) {
        if (++reports == n % 7 + 1) ::kill(::getpid(), SIGKILL);
      };
      write_all(corpus, 4, job);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    // Whatever is there can be read at any moment.
    const ShardReader reader(corpus);
    for (size_t i = 0; i < reader.records().size(); ++i) {
      EXPECT_TRUE(at::equal(reader.levels(i), make_record(static_cast<int64_t>(i)).levels));
    }
    if (WIFEXITED(status)) break;
    ASSERT_LT(++deaths, 100);
  }
  EXPECT_GE(deaths, 3);
  EXPECT_EQ(contents(folder / "whole"), contents(folder / "killed"));
}

TEST(Shards, UnfinishedFilesAreRemovedAndForeignOnesKept) {
  test::TemporaryFolder folder;
  write_all(folder / "c", 1);
  const auto before = contents(folder / "c");
  for (const char* name : {".00001.jsonl.1-2.part", "00001.safetensors"}) {
    write_text_file(folder / "c" / "shards" / name, "x");
  }
  write_all(folder / "c", 1);
  EXPECT_EQ(contents(folder / "c"), before);
  write_text_file(folder / "c" / "README.txt", "mine");
  write_all(folder / "c", 1);
  EXPECT_EQ(contents(folder / "c").size(), before.size() + 1);
}

TEST(Shards, ACorpusMadeOtherwiseIsNotMixed) {
  test::TemporaryFolder folder;
  write_all(folder / "c", 1);
  CorpusHeader other = small_header();
  other.made_by["seed"] = 2;
  EXPECT_RIFFLE_ERROR(ShardWriter(folder / "c", other), ErrorCode::InvalidArgument,
                      "\"made_by\" is {\"command\":\"test\",\"seed\":1} there, "
                      "{\"command\":\"test\",\"seed\":2} here");
}

TEST(Shards, OneWriterAtATime) {
  test::TemporaryFolder folder;
  const ShardWriter writer(folder / "c", small_header());
  EXPECT_RIFFLE_ERROR(ShardWriter(folder / "c", small_header()), ErrorCode::InvalidArgument,
                      "another process is writing this corpus");
}

TEST(Shards, TensorsThatDoNotFitAreRefusedByTheWriter) {
  test::TemporaryFolder folder;
  const ShardWriter writer(folder / "c", small_header());
  NewRecord made = make_record(0);
  made.levels = at::full({4, 20}, 1, at::kByte);
  EXPECT_RIFFLE_ERROR(writer.write(0, {made}), ErrorCode::InvalidArgument,
                      "r0000.levels: expected bytes [4, 21]");
  made = make_record(0);
  made.events = at::full({14, 2}, 0, at::kByte);
  EXPECT_RIFFLE_ERROR(writer.write(0, {made}), ErrorCode::InvalidArgument,
                      "r0000.events: expected bytes [14, 3]");
  EXPECT_FALSE(writer.find(0));
}

TEST(Shards, DamageIsToldByPlace) {
  test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(ShardReader(folder / "none"), ErrorCode::NotFound, "no corpus there");
  write_all(folder / "c", 1);
  const fs::path lines = records_path(folder / "c", 0);
  const std::string text = read_text_file(lines, 1 << 20);

  OrderedJson record = to_json(make_record(0).record);
  record["segments"][1]["last_frame"] = 22;
  write_text_file(lines, text + record.dump() + "\n");
  EXPECT_RIFFLE_ERROR(ShardReader(folder / "c"), ErrorCode::BadFile, "00000.jsonl:4");
  record = to_json(make_record(0).record);
  record["split"] = "training";
  write_text_file(lines, record.dump());
  EXPECT_RIFFLE_ERROR(ShardReader(folder / "c"), ErrorCode::BadFile,
                      "expected train, valid or test, got \"training\"");
  record = to_json(make_record(0).record);
  record["frames"] = 50;
  write_text_file(lines, record.dump());
  EXPECT_RIFFLE_ERROR(ShardReader(folder / "c").levels(0), ErrorCode::BadFile,
                      "r0000.levels is U8 [4, 21], expected U8 [4, 50]");

  OrderedJson header = to_json(small_header());
  header["format"] = 2;
  write_text_file(header_path(folder / "c"), header.dump());
  EXPECT_RIFFLE_ERROR(ShardReader(folder / "c"), ErrorCode::Unsupported, "corpus format 2");
}

}  // namespace
}  // namespace riffle::shards
