// SPDX-License-Identifier: GPL-3.0-or-later
// Ctrl-C in the middle of the work leaves no file behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "e2e/process.h"

namespace riffle::test {
namespace {

using ::testing::IsEmpty;

// Blocks until a file appears in a folder.
class FolderWatch {
 public:
  explicit FolderWatch(const std::filesystem::path& folder)
      : descriptor_(inotify_init1(IN_CLOEXEC)) {
    inotify_add_watch(descriptor_, folder.c_str(), IN_CREATE);
  }
  ~FolderWatch() { close(descriptor_); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  void wait_for_file() const {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    ASSERT_GT(read(descriptor_, buffer.data(), buffer.size()), 0);
  }

 private:
  int descriptor_;
};

// Forty clips of a minute each, cut in one pass: all their files are open at once, and encoding
// them takes many times longer than a signal.
class Interrupt : public ::testing::Test {
 protected:
  void SetUp() override {
    write_sound(folder_ / "long.wav", make_sound(90, 1, 22050));
    std::filesystem::create_directory(clips_);
  }
  std::vector<std::string> command() const {
    return riffle_command({"sample-clips", (folder_ / "long.wav").string(), clips_.string(),
                           "--num-clips", "40", "--extension", "mp3", "--duration-ms", "60000",
                           "--seed", "1"});
  }
  TemporaryFolder folder_;
  std::filesystem::path clips_ = folder_ / "clips";
};

TEST_F(Interrupt, FirstSignalStopsTheWorkAndRemovesWhatWasBegun) {
  for (const int number : {SIGINT, SIGTERM}) {
    const FolderWatch watch(clips_);
    Process process(command());
    watch.wait_for_file();
    process.signal(number);
    const Finished stopped = process.wait();
    EXPECT_EQ(stopped.status, 130);
    EXPECT_EQ(stopped.out, "");
    EXPECT_THAT(stopped.err, ::testing::HasSubstr("cancelled"));
    EXPECT_THAT(names_in(clips_), IsEmpty());
  }
}

TEST_F(Interrupt, SecondSignalEndsAtOnceAndLeavesNothingEither) {
  const FolderWatch watch(clips_);
  Process process(command());
  watch.wait_for_file();
  process.signal(SIGINT);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().status, 130);
  EXPECT_THAT(names_in(clips_), IsEmpty());
}

}  // namespace
}  // namespace riffle::test
