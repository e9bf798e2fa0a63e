// SPDX-License-Identifier: GPL-3.0-or-later
// The completion scripts in the shells they are for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/files.h"
#include "e2e/process.h"

namespace riffle::test {
namespace {

class Completion : public ::testing::Test {
 protected:
  // What bash offers for the last of these words.
  std::string offers(const std::string& words, int index) {
    write_text_file(folder_ / "script", riffle({"completion", "bash"}).out);
    const Finished done =
        run({"/bin/bash", "-c",
             "source " + (folder_ / "script").string() + "; COMP_WORDS=(" + words +
                 "); COMP_CWORD=" + std::to_string(index) + "; _riffle; echo \"${COMPREPLY[*]}\""});
    EXPECT_EQ(done.err, "");
    return done.out;
  }
  TemporaryFolder folder_;
};

TEST_F(Completion, BashCompletesCommandsOptionsAndValues) {
  EXPECT_EQ(offers("riffle image", 1), "image-to-audio\n");
  EXPECT_EQ(offers("riffle --quiet print", 2), "print-exif\n");
  EXPECT_EQ(offers("riffle audio-to-image --tile", 2), "--tile-width\n");
  EXPECT_EQ(offers("riffle info --device c", 3), "cpu cuda\n");
  EXPECT_EQ(offers("riffle completion ''", 2), "bash zsh\n");
  EXPECT_EQ(offers("riffle --vers", 1), "--version\n");
}

TEST_F(Completion, ScriptsParse) {
  write_text_file(folder_ / "bash", riffle({"completion", "bash"}).out);
  EXPECT_EQ(run({"/bin/bash", "-n", (folder_ / "bash").string()}).status, 0);
  if (!std::filesystem::exists("/bin/zsh")) GTEST_SKIP() << "there is no zsh here";
  write_text_file(folder_ / "zsh", riffle({"completion", "zsh"}).out);
  EXPECT_EQ(run({"/bin/zsh", "-n", (folder_ / "zsh").string()}).status, 0);
}

}  // namespace
}  // namespace riffle::test
