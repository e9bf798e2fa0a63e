// SPDX-License-Identifier: GPL-3.0-or-later
// The batch commands: every file accounted for, nothing done twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "core/files.h"
#include "core/json.h"
#include "e2e/process.h"
#include "image/picture_file.h"

namespace riffle::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Batch : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "in/album");
    write_sound(folder_ / "in/long.wav", make_sound(1.2, 2));
    write_sound(folder_ / "in/short.flac", make_sound(0.3));
    write_sound(folder_ / "in/album/deep.wav", make_sound(1));
    write_text_file(folder_ / "in/notes.txt", "not a sound");
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Json batch(const std::string& command, std::vector<std::string> more, int status = 0) const {
    std::vector<std::string> arguments = {command, path("in"), path("out"), "--json", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = riffle(arguments);
    EXPECT_EQ(done.status, status) << done.err;
    return parse_json(done.out, "stdout");
  }
  static Json entry_of(const Json& document, const std::string& name) {
    for (const auto& file : document.at("files")) {
      if (fs::path(file.at("file").get<std::string>()).filename() == name) return file;
    }
    return {};
  }
  TemporaryFolder folder_;
};

TEST_F(Batch, PicturesOfAFolderWithEveryFileAccountedFor) {
  const Json done = batch("audio-to-images-batch", {});
  EXPECT_THAT(names_in(path("out")), ElementsAre("long.jpg", "short.jpg"));
  EXPECT_EQ(done.at("written"), 2);
  EXPECT_EQ(done.at("skipped"), 1);
  EXPECT_THAT(entry_of(done, "notes.txt").at("reason").get<std::string>(),
              HasSubstr("not a sound"));
  EXPECT_EQ(image::read_picture(path("out/long.jpg")).width, 121);
}

TEST_F(Batch, SecondRunDoesOnlyWhatIsMissing) {
  batch("audio-to-images-batch", {"--image-extension", "png"});
  const auto time = fs::last_write_time(path("out/long.png"));
  fs::remove(path("out/short.png"));
  const Json again = batch("audio-to-images-batch", {"--image-extension", "png"});
  EXPECT_EQ(again.at("written"), 1);
  EXPECT_EQ(again.at("present"), 1);
  EXPECT_EQ(fs::last_write_time(path("out/long.png")), time);
}

TEST_F(Batch, OtherParametersNewerSoundOrBrokenPictureMeansDoingItAgain) {
  batch("audio-to-images-batch", {});
  EXPECT_EQ(batch("audio-to-images-batch", {"--mono"}).at("written"), 2);
  fs::last_write_time(path("in/long.wav"),
                      fs::last_write_time(path("out/long.jpg")) + std::chrono::hours(1));
  EXPECT_EQ(entry_of(batch("audio-to-images-batch", {"--mono"}), "long.wav").at("outcome"),
            "written");
  write_text_file(path("out/short.jpg"), "broken");
  EXPECT_EQ(entry_of(batch("audio-to-images-batch", {"--mono"}), "short.flac").at("outcome"),
            "written");
}

TEST_F(Batch, UnreadableFileFailsAloneAndIsTheExitStatus) {
  write_text_file(folder_ / "in/broken.mp3", "no sound in here");
  const Json done = batch("audio-to-images-batch", {}, 4);
  EXPECT_EQ(done.at("written"), 2);
  EXPECT_EQ(done.at("failed"), 1);
  EXPECT_THAT(entry_of(done, "broken.mp3").at("reason").get<std::string>(),
              HasSubstr("broken.mp3"));
  EXPECT_EQ(done.at("error").at("code"), "bad_file");
}

TEST_F(Batch, TwoSoundsOfOneNameDoNotOverwriteEachOther) {
  write_sound(folder_ / "in/long.flac", make_sound(0.5));
  const Json done = batch("audio-to-images-batch", {});
  EXPECT_THAT(entry_of(done, "long.wav").at("reason").get<std::string>(), HasSubstr("long.flac"));
  EXPECT_EQ(done.at("written"), 2);
}

TEST_F(Batch, RecursiveKeepsTheTreeAndLimitIsCounted) {
  batch("audio-to-images-batch", {"--recursive"});
  EXPECT_TRUE(fs::exists(path("out/album/deep.jpg")));
  const Json limited = batch("audio-to-images-batch", {"--glob", "*.wav", "--limit", "0"});
  EXPECT_EQ(limited.at("beyond_limit"), 1);
}

TEST_F(Batch, ClipsTooShortAreSkippedWithTheReason) {
  const Json done = batch("sample-clips-batch", {"--num-clips-per-file", "2", "--duration-ms",
                                                 "500", "--extension", "wav", "--seed", "3"});
  EXPECT_EQ(entry_of(done, "long.wav").at("outputs").size(), 2U);
  EXPECT_EQ(entry_of(done, "short.flac").at("outcome"), "skipped");
  EXPECT_THAT(entry_of(done, "short.flac").at("reason").get<std::string>(), HasSubstr("0.300 s"));
  const auto names = names_in(path("out"));
  ASSERT_EQ(names.size(), 2U);
  EXPECT_THAT(names[0], ::testing::StartsWith("long_0_start_"));
  EXPECT_THAT(names[0], ::testing::EndsWith("_ms_dur_500_ms.wav"));
}

TEST_F(Batch, ClipsDependOnSeedAndNameOnly) {
  const std::vector<std::string> options = {"--duration-ms", "100", "--extension", "wav", "--seed"};
  const auto places = [&](const char* seed, std::vector<std::string> more) {
    fs::remove_all(path("out"));
    std::vector<std::string> all = options;
    all.emplace_back(seed);
    all.insert(all.end(), more.begin(), more.end());
    batch("sample-clips-batch", all);
    return names_in(path("out"));
  };
  const auto first = places("5", {});
  EXPECT_EQ(first.size(), 2U);
  EXPECT_EQ(places("5", {"--num-threads", "1"}), first);
  EXPECT_NE(places("6", {}), first);
  write_sound(folder_ / "in/another.wav", make_sound(0.7));
  const auto more = places("5", {});
  EXPECT_TRUE(std::includes(more.begin(), more.end(), first.begin(), first.end()));
}

TEST_F(Batch, ClipsThatAreThereStay) {
  const std::vector<std::string> options = {"--duration-ms", "100", "--extension", "wav"};
  batch("sample-clips-batch", options);
  const auto names = names_in(path("out"));
  const Json again = batch("sample-clips-batch", options);
  EXPECT_EQ(again.at("written"), 0);
  EXPECT_EQ(again.at("present"), 2);
  EXPECT_EQ(names_in(path("out")), names);
}

TEST_F(Batch, ClipsOfClipsAreRefused) {
  const Finished done = riffle({"sample-clips-batch", path("in"), path("in")});
  EXPECT_EQ(done.status, 2);
  EXPECT_THAT(done.err, HasSubstr("clips of clips"));
}

TEST_F(Batch, LinesForPeopleAndTotals) {
  const Finished done = riffle({"audio-to-images-batch", path("in"), path("out")});
  EXPECT_THAT(done.out, HasSubstr("long.wav -> " + path("out/long.jpg") + "\n"));
  EXPECT_THAT(done.out, HasSubstr("notes.txt skipped: "));
  EXPECT_THAT(done.out, ::testing::EndsWith("2 written, 0 already there, 1 skipped, 0 failed\n"));
}

}  // namespace
}  // namespace riffle::test
