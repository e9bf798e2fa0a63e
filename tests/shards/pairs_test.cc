// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/pairs.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "shards/corpus_files.h"
#include "shards/pair_reader.h"
#include "shards/pair_writer.h"
#include "support/test_files.h"

namespace riffle::shards {
namespace {

NewPairSong make_song(const std::string& id) {
  NewPairSong made;
  made.song = {.id = id,
               .song = id,
               .split = Split::Valid,
               .columns = 5,
               .source = "synth",
               .maybe_bpm = 117.25,
               .beats_per_bar = 3,
               .first_beat_s = 0.5,
               .maybe_key = "F#",
               .maybe_mode = "dorian",
               .genre = "funk",
               .soundfont = "TimGM6mb",
               .chords = {{0, 6, "min7"}, {2.5, 11, "7"}},
               .stems = {{"drums", "drums", true, {"funky drums"}},
                         {"slap bass", "bass", false, {"a", "b"}},
                         {"piano", "chords", false, {}}},
               .mixes = {{0, 1}, {1, 2}}};
  for (int i = 0; i < 3; ++i) made.stems.push_back({at::randn({4, 5}), at::rand({12, 5})});
  for (int i = 0; i < 2; ++i) made.mixes.push_back({at::randn({4, 5}), at::rand({12, 5})});
  made.active = at::ones({3, 5}, at::kByte);
  return made;
}

PairHeader small_header() {
  return {.channels = 4, .autoencoder = "test", .max_value = 3e7, .made_by = {{"seed", 1}}};
}

TEST(Pairs, WhatIsWrittenIsRead) {
  test::TemporaryFolder folder;
  const NewPairSong made = make_song("000001");
  {
    const PairWriter writer(folder / "pairs", small_header());
    writer.write(3, {made, make_song("000002")}, {{"songs", "2"}});
    EXPECT_EQ(writer.find(3)->at("songs"), "2");
    EXPECT_FALSE(writer.find(2).has_value());
    EXPECT_RIFFLE_ERROR(PairWriter(folder / "pairs", small_header()), ErrorCode::InvalidArgument,
                        "another process");
  }
  const PairReader reader(folder / "pairs");
  ASSERT_EQ(reader.songs().size(), 2U);
  EXPECT_EQ(to_json(reader.songs()[0]), to_json(made.song));
  EXPECT_EQ(to_json(reader.header()), to_json(small_header()));
  EXPECT_THAT(reader.indices(Split::Valid), testing::ElementsAre(0, 1));
  EXPECT_TRUE(at::equal(reader.stem(0, 2), made.stems[2].latents.to(at::kHalf)));
  EXPECT_TRUE(at::equal(reader.mix(0, 1), made.mixes[1].latents.to(at::kHalf)));
  EXPECT_TRUE(at::equal(reader.stem_chroma(0, 1), made.stems[1].chroma.to(at::kHalf)));
  EXPECT_TRUE(at::equal(reader.mix_chroma(0, 0), made.mixes[0].chroma.to(at::kHalf)));
  EXPECT_TRUE(at::equal(reader.active(0), made.active));
  EXPECT_EQ(reader.shard_of(1), 3);
}

TEST(Pairs, EmbeddingsComeAndGoOnTheirOwn) {
  test::TemporaryFolder folder;
  const PairWriter writer(folder / "pairs", small_header());
  writer.write(0, {make_song("a")});
  EXPECT_EQ(PairReader(folder / "pairs").style_dim(), 0);
  const std::vector<at::Tensor> styles{at::rand({2, 7}), at::rand({2, 7}), at::rand({2, 7})};
  const std::vector<at::Tensor> words{{}, at::rand({4, 7})};
  write_styles(folder / "pairs", 0, {{"a", styles, words}}, {{"embedder", "x"}});
  EXPECT_EQ(find_styles(folder / "pairs", 0)->at("embedder"), "x");
  const PairReader reader(folder / "pairs");
  EXPECT_EQ(reader.style_dim(), 7);
  EXPECT_TRUE(at::equal(reader.styles(0, 1), styles[1].to(at::kHalf)));
  EXPECT_TRUE(at::equal(reader.words(0, 1), words[1].to(at::kHalf)));
  EXPECT_FALSE(reader.words(0, 0).defined());
  EXPECT_FALSE(reader.words(0, 2).defined());
  // Latents that are made anew may be of other stems.
  writer.write(0, {make_song("a")});
  EXPECT_FALSE(find_styles(folder / "pairs", 0).has_value());
}

TEST(Pairs, AShardWithoutLinesIsNotThereAndIsRemoved) {
  test::TemporaryFolder folder;
  { PairWriter(folder / "pairs", small_header()).write(0, {make_song("a")}); }
  std::ofstream(tensors_path(folder / "pairs", 1)) << "half";
  EXPECT_EQ(PairReader(folder / "pairs").songs().size(), 1U);
  const PairWriter again(folder / "pairs", small_header());
  EXPECT_FALSE(std::filesystem::exists(tensors_path(folder / "pairs", 1)));
}

TEST(Pairs, RefusesWhatDoesNotFit) {
  test::TemporaryFolder folder;
  const PairWriter writer(folder / "pairs", small_header());
  NewPairSong wrong = make_song("a");
  wrong.stems[1].latents = at::randn({4, 6});
  EXPECT_RIFFLE_ERROR(writer.write(0, {wrong}), ErrorCode::InvalidArgument,
                      "a.stem.1: expected [4, 5]");
  wrong = make_song("a");
  wrong.mixes[0].chroma = at::Tensor();
  EXPECT_RIFFLE_ERROR(writer.write(0, {wrong}), ErrorCode::InvalidArgument,
                      "a.mix.0.chroma: expected [12, 5]");
  wrong = make_song("a");
  wrong.mixes.pop_back();
  EXPECT_RIFFLE_ERROR(writer.write(0, {wrong}), ErrorCode::InvalidArgument, "1 mixes");
  Json line = Json::parse(to_json(make_song("a").song).dump());
  line["mixes"][0][0] = 3;
  EXPECT_RIFFLE_ERROR(pair_song_from_json(line, "here:1"), ErrorCode::BadFile,
                      "here:1: a mix of stem 3, expected 0 to 2");
  line.erase("split");
  EXPECT_RIFFLE_ERROR(pair_song_from_json(line, "here:1"), ErrorCode::BadFile, "split");
  EXPECT_RIFFLE_ERROR(PairReader(folder / "nothing"), ErrorCode::NotFound, "no pairs there");
}

}  // namespace
}  // namespace riffle::shards
