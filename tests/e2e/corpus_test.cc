// SPDX-License-Identifier: GPL-3.0-or-later
// The corpus commands: made, continued, counted, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/files.h"
#include "core/json.h"
#include "e2e/process.h"

namespace riffle::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Corpus : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static Json document(const Finished& done) {
    EXPECT_EQ(done.status, 0) << done.err;
    return parse_json(done.out, "stdout");
  }
  TemporaryFolder folder_;
};

TEST_F(Corpus, SongsAreMadeContinuedAndCounted) {
  const std::vector<std::string> call = {"corpus",      "synth",    path("c"), "--songs", "2",
                                         "--seed",      "3",        "--jobs",  "1",       "--midi",
                                         "--soundfont", "TimGM6mb", "--quiet", "--json"};
  const Finished first = riffle(call);
  if (first.status == 3) GTEST_SKIP() << "soundfont TimGM6mb is not installed";
  const Json made = document(first);
  EXPECT_EQ(made.at("songs"), 2);
  EXPECT_EQ(made.at("shards_written"), 1);
  EXPECT_GE(made.at("records").get<int>(), 2);
  EXPECT_TRUE(fs::exists(folder_ / "c/songs/000001/song.mid"));
  const Json again = document(riffle(call));
  EXPECT_EQ(again.at("shards_present"), 1);
  EXPECT_EQ(again.at("records"), 0);

  const Json info = document(riffle({"corpus", "info", path("c"), "--json"}));
  EXPECT_EQ(info.at("songs"), 2);
  EXPECT_EQ(info.at("records"), made.at("records"));
  EXPECT_NEAR(info.at("hours").get<double>(), made.at("hours").get<double>(), 1e-9);
  EXPECT_TRUE(info.at("soundfont_hours").contains("TimGM6mb"));
  EXPECT_THAT(riffle({"corpus", "info", path("c")}).out, HasSubstr("instruments"));

  std::vector<std::string> otherwise = call;
  otherwise[6] = "4";
  const Finished refused = riffle(otherwise);
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("made otherwise"));
}

TEST_F(Corpus, AFolderOfOnesOwn) {
  fs::create_directories(folder_ / "in");
  write_sound(folder_ / "in/a.wav", make_sound(7));
  write_text_file(folder_ / "in/a.txt", "a chord");
  write_text_file(folder_ / "in/b.wav", "no sound");
  write_text_file(folder_ / "in/b.txt", "a chord");
  const Json made =
      document(riffle({"corpus", "build", path("in"), path("c"), "--quiet", "--json"}));
  EXPECT_EQ(made.at("songs"), 1);
  EXPECT_EQ(made.at("records"), 1);
  ASSERT_EQ(made.at("refused").size(), 1U);
  EXPECT_EQ(made.at("refused")[0].at("name"), "b.wav");
  EXPECT_THAT(riffle({"corpus", "build", path("in"), path("c"), "--quiet"}).out,
              HasSubstr("refused b.wav"));
}

TEST_F(Corpus, WhatIsMissingIsSaid) {
  EXPECT_EQ(riffle({"corpus", "info", path("none")}).status, 3);
  EXPECT_EQ(riffle({"corpus", "build", path("none"), path("c")}).status, 3);
  const Finished font = riffle({"corpus", "synth", path("c"), "--soundfont", "NoSuchFont"});
  EXPECT_EQ(font.status, 3);
  EXPECT_THAT(font.err, HasSubstr("apt-get install"));
  EXPECT_EQ(riffle({"corpus"}).status, 2);
}

}  // namespace
}  // namespace riffle::test
