// SPDX-License-Identifier: GPL-3.0-or-later
// Exit statuses and messages: one line, a hint, nothing on stdout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/files.h"
#include "core/json.h"
#include "e2e/process.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

void expect_failure(const std::vector<std::string>& arguments, int status,
                    const std::string& part) {
  const Finished failed = riffle(arguments);
  const std::string what = ::testing::PrintToString(arguments);
  EXPECT_EQ(failed.status, status) << what << failed.err;
  EXPECT_EQ(failed.out, "") << what;
  EXPECT_THAT(failed.err, StartsWith("riffle: error: ")) << what;
  EXPECT_THAT(failed.err, HasSubstr(part)) << what;
  EXPECT_LE(std::count(failed.err.begin(), failed.err.end(), '\n'), 2) << what << failed.err;
}

TEST(Failure, UsageIsTwo) {
  expect_failure({}, 2, "no command");
  expect_failure({"image-to-adio", "a.png", "b.wav"}, 2, "did you mean image-to-audio?");
  expect_failure({"info"}, 2, "files is required");
  expect_failure({"info", "--jsn", "x"}, 2, "did you mean --json?");
  expect_failure({"audio-to-image", "a.wav", "a.gif"}, 2, ".gif");
  expect_failure({"audio-to-image", "a.wav", "a.png", "--num-frequencies", "many"}, 2, "many");
  expect_failure({"image-to-audio", "only.png"}, 2, "no picture");
  expect_failure({"image-to-audio", "a.png", "b.wav", "--best", "--compat"}, 2, "--compat");
}

TEST(Failure, MissingFilesAreThree) {
  TemporaryFolder folder;
  const std::string wav = (folder / "out.wav").string();
  expect_failure({"info", "/no/such.wav"}, 3, "/no/such.wav");
  expect_failure({"print-exif", "/no/such.png"}, 3, "/no/such.png");
  expect_failure({"audio-to-image", "/no/such.wav", (folder / "a.png").string()}, 3,
                 "/no/such.wav");
  expect_failure({"image-to-audio", "/no/such.png", wav}, 3, "/no/such.png");
  expect_failure({"image-to-audio", "/no/*.png", wav}, 3, "/no/*.png");
  expect_failure({"sample-clips", "/no/such.wav", (folder / "c").string()}, 3, "/no/such.wav");
  expect_failure({"audio-to-images-batch", "/no/folder", (folder / "c").string()}, 3, "/no/folder");
  EXPECT_THAT(names_in(folder.path()), ::testing::IsEmpty());
}

TEST(Failure, UnusableFilesAreFour) {
  TemporaryFolder folder;
  write_text_file(folder / "text.png", "this is no picture");
  write_text_file(folder / "text.wav", "this is no sound");
  expect_failure({"print-exif", (folder / "text.png").string()}, 4, "text.png");
  expect_failure({"info", (folder / "text.wav").string()}, 4, "text.wav");
  expect_failure({"image-to-audio", (folder / "text.png").string(), (folder / "a.wav").string()}, 4,
                 "text.png");
  expect_failure({"audio-to-image", (folder / "text.wav").string(), (folder / "a.png").string()}, 4,
                 "text.wav");
}

TEST(Failure, SystemRefusalIsOne) {
  TemporaryFolder folder;
  write_sound(folder / "a.wav", make_sound(0.5));
  expect_failure({"audio-to-image", (folder / "a.wav").string(), "/no/folder/a.png"}, 1,
                 "there is no folder /no/folder");
  expect_failure({"image-to-audio", "a.png", (folder / "a.xyz").string()}, 1, "a.xyz");
}

TEST(Failure, MissingAcceleratorIsSix) {
  const Finished asked = riffle({"completion", "bash", "--device", "cuda"});
  if (asked.status == 0) GTEST_SKIP() << "there is a CUDA device here";
  expect_failure({"completion", "bash", "--device", "cuda"}, 6, "CUDA");
}

TEST(Failure, JsonHoldsCodeMessageAndHint) {
  const Finished failed = riffle({"--json", "print-exif", "/no/such.png"});
  EXPECT_EQ(failed.status, 3);
  const Json error = parse_json(failed.out, "stdout").at("error");
  EXPECT_EQ(error.at("code"), "not_found");
  EXPECT_THAT(error.at("message").get<std::string>(), HasSubstr("/no/such.png"));
  const Finished usage = riffle({"print-exif", "--json", "--colour"});
  EXPECT_EQ(usage.status, 2);
  EXPECT_EQ(parse_json(usage.out, "stdout").at("error").at("code"), "invalid_argument");
}

TEST(Failure, OneBadFileDoesNotHideTheOthers) {
  TemporaryFolder folder;
  write_sound(folder / "good.wav", make_sound(1));
  const Finished mixed =
      riffle({"info", "--json", (folder / "bad.wav").string(), (folder / "good.wav").string()});
  EXPECT_EQ(mixed.status, 3);
  const Json document = parse_json(mixed.out, "stdout");
  ASSERT_EQ(document.at("files").size(), 2U);
  EXPECT_EQ(document.at("files")[0].at("error").at("code"), "not_found");
  EXPECT_EQ(document.at("files")[1].at("frames"), 44100);
}

TEST(Failure, FullStdoutIsReported) {
  const Finished full =
      run({"/bin/sh", "-c", std::string(RIFFLE_PROGRAM) + " completion bash > /dev/full"});
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("stdout"));
}

}  // namespace
}  // namespace riffle::test
