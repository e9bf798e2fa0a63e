// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/captions_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "corpus/stem_captions.h"
#include "support/test_files.h"

namespace riffle::corpus {
namespace {

using testing::ElementsAre;

TEST(CaptionsFile, LinesOfJson) {
  test::TemporaryFolder folder;
  write_text_file(folder / "captions.jsonl",
                  R"({"file": "a.wav", "caption": "slow piano", "bpm": 71.5, "key": "F#", )"
                  R"("mode": "minor", "genre": "ballad", "split": "test"})"
                  "\n\n"
                  R"({"file_name": "sub/b.mp3", "captions": ["one", "", "two"], "drums": true, )"
                  R"("instruments": ["piano", "flute"]})"
                  "\n"
                  R"({"file": "a.wav", "text": "a quiet piano"})");
  const Descriptions all = read_descriptions(folder.path());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all.at("a.wav").captions, ElementsAre("slow piano", "a quiet piano"));
  const Described& b = all.at("sub/b.mp3");
  EXPECT_THAT(b.captions, ElementsAre("one", "two"));
  EXPECT_THAT(b.instruments, ElementsAre("piano", "flute"));
  EXPECT_TRUE(b.drums);
  EXPECT_FALSE(b.maybe_bpm || b.maybe_key || b.maybe_mode);
}

TEST(CaptionsFile, CommaSeparatedValues) {
  test::TemporaryFolder folder;
  write_text_file(folder / "captions.csv",
                  "\xEF\xBB\xBF"
                  "file,caption,bpm,instruments,drums\r\n"
                  "a.wav,\"loud, fast and \"\"wild\"\"\",140,guitar; bass guitar,yes\r\n"
                  "b.wav,\"two\nlines\",,,\r\n");
  const Descriptions all = read_descriptions(folder.path());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all.at("a.wav").captions, ElementsAre("loud, fast and \"wild\""));
  EXPECT_EQ(all.at("a.wav").maybe_bpm, 140);
  EXPECT_THAT(all.at("a.wav").instruments, ElementsAre("guitar", "bass guitar"));
  EXPECT_TRUE(all.at("a.wav").drums);
  EXPECT_THAT(all.at("b.wav").captions, ElementsAre("two\nlines"));
  EXPECT_FALSE(all.at("b.wav").maybe_bpm);
}

TEST(CaptionsFile, DamageIsToldByLine) {
  test::TemporaryFolder folder;
  const auto expect = [&](const char* name, const char* text, const char* message) {
    write_text_file(folder / name, text);
    EXPECT_RIFFLE_ERROR(read_descriptions(folder.path()), ErrorCode::BadFile, message);
    std::filesystem::remove(folder / name);
  };
  expect("captions.jsonl", "{\"file\": \"a\", \"caption\": \"b\"}\n{", "captions.jsonl:2");
  expect("captions.jsonl", "{\"caption\": \"b\"}", "names no file");
  expect("captions.jsonl", "{\"file\": \"a\", \"caption\": 3}", "\"caption\"");
  expect("captions.jsonl", "{\"file\": \"a\", \"split\": \"dev\"}", "split \"dev\"");
  expect("captions.csv", "name,words\na,b\n", "expected names of columns");
  expect("captions.csv", "file,caption\na,\"b\n", "row 2: a quote is not closed");
  expect("captions.csv", "file,caption,bpm\na,b,fast\n", "row 2: bpm \"fast\"");
}

TEST(CaptionsFile, ATextBesideTheRecording) {
  test::TemporaryFolder folder;
  write_text_file(folder / "a.txt", "first\r\n\n  second  \n");
  write_text_file(folder / "b.mp3.txt", "third");
  EXPECT_THAT(read_sidecar(folder / "a.wav"), ElementsAre("first", "second"));
  EXPECT_THAT(read_sidecar(folder / "b.mp3"), ElementsAre("third"));
  EXPECT_THAT(read_sidecar(folder / "c.wav"), ElementsAre());
}

TEST(StemCaptions, SayWhatSoundsAndNoMore) {
  const StemFacts facts{
      .words = {"bass guitar", "drums"}, .drums = true, .bass = true, .genre = "rock"};
  const auto captions = stem_captions(facts, 3, 8);
  EXPECT_EQ(captions, stem_captions(facts, 3, 8));
  EXPECT_GE(captions.size(), 6U);
  for (const auto& caption : captions) {
    EXPECT_NE(caption.find("bass guitar"), std::string::npos) << caption;
    EXPECT_NE(caption.find("drums"), std::string::npos) << caption;
    EXPECT_EQ(caption.find("no "), std::string::npos) << caption;
    EXPECT_EQ(caption.find("alone"), std::string::npos) << caption;
  }
  const auto solo = stem_captions({.words = {"piano"}}, 1, 8);
  EXPECT_THAT(solo, testing::Contains("piano alone"));
  // What cannot be named is there all the same: nothing is alone, nothing is absent.
  for (const auto& caption : stem_captions({.words = {"piano"}, .unnamed = true}, 1, 8)) {
    EXPECT_EQ(caption, "piano");
  }
  EXPECT_THAT(stem_captions({.unnamed = true, .genre = "folk"}, 1, 8), ElementsAre("folk"));
}

}  // namespace
}  // namespace riffle::corpus
