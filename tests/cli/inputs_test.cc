// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

std::vector<std::string> names(const std::vector<fs::path>& paths) {
  std::vector<std::string> out;
  for (const auto& path : paths) out.push_back(path.filename().string());
  return out;
}

TEST(NaturalLess, CountsDigitsAsNumbers) {
  std::vector<std::string> parts = {"p10.png", "p9.png", "p1.png", "p1a.png", "a.png", "p01.png"};
  std::sort(parts.begin(), parts.end(), natural_less);
  EXPECT_THAT(parts, ElementsAre("a.png", "p01.png", "p1.png", "p1a.png", "p9.png", "p10.png"));
}

TEST(NaturalLess, IsAStrictOrder) {
  const std::vector<std::string> words = {"",    "1",  "01",  "001", "1a",
                                          "01a", "a1", "a01", "a10", "b"};
  for (const auto& a : words) {
    EXPECT_FALSE(natural_less(a, a)) << a;
    for (const auto& b : words) {
      if (a != b) {
        EXPECT_NE(natural_less(a, b), natural_less(b, a)) << a << " " << b;
      }
    }
  }
}

class ExpandPictures : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"s-10.png", "s-2.PNG", "t.jpg", "u.jpeg", "song.mp3", ".hidden.png"}) {
      write_text_file(folder_ / name, "");
    }
  }
  std::string path(const char* name) const { return (folder_ / name).string(); }
  test::TemporaryFolder folder_;
};

TEST_F(ExpandPictures, FolderGivesItsPicturesInOrder) {
  EXPECT_THAT(names(expand_pictures({folder_.path().string()})),
              ElementsAre("s-2.PNG", "s-10.png", "t.jpg", "u.jpeg"));
}

TEST_F(ExpandPictures, PatternAndFilesKeepTheOrderOfTheWords) {
  EXPECT_THAT(names(expand_pictures({path("t.jpg"), path("s-*")})),
              ElementsAre("t.jpg", "s-2.PNG", "s-10.png"));
}

TEST_F(ExpandPictures, FileWithAStarInItsNameStandsForItself) {
  write_text_file(folder_ / "s-*", "");
  EXPECT_THAT(names(expand_pictures({path("s-*")})), ElementsAre("s-*"));
}

TEST_F(ExpandPictures, NothingFoundIsAnError) {
  EXPECT_RIFFLE_ERROR(expand_pictures({path("none.png")}), ErrorCode::NotFound, "none.png");
  EXPECT_RIFFLE_ERROR(expand_pictures({path("x*.png")}), ErrorCode::NotFound, "x*.png");
  fs::create_directory(folder_ / "empty");
  EXPECT_RIFFLE_ERROR(expand_pictures({path("empty")}), ErrorCode::NotFound, "no .png");
}

TEST(ListFiles, MatchesNamesAndGoesBelowOnlyWhenAsked) {
  test::TemporaryFolder folder;
  fs::create_directory(folder / "album");
  for (const char* name : {"b2.wav", "b10.wav", "c.mp3", ".x.wav", "album/a.wav"}) {
    write_text_file(folder / name, "");
  }
  EXPECT_THAT(names(list_files(folder.path(), "*", false)),
              ElementsAre("b2.wav", "b10.wav", "c.mp3"));
  EXPECT_THAT(names(list_files(folder.path(), "*.wav", true)),
              ElementsAre("a.wav", "b2.wav", "b10.wav"));
  EXPECT_RIFFLE_ERROR(list_files(folder / "no", "*", false), ErrorCode::NotFound, "no such folder");
}

TEST(Numbered, PutsTheNumberBeforeTheEnding) {
  EXPECT_EQ(numbered("out/song.png", 3), fs::path("out/song-0003.png"));
  EXPECT_EQ(numbered("song.part.jpg", 12345), fs::path("song.part-12345.jpg"));
}

}  // namespace
}  // namespace riffle::cli
