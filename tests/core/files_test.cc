// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle {
namespace {

size_t entries(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(PendingFile, AppearsWholeOnCommit) {
  test::TemporaryFolder folder;
  PendingFile pending(folder / "a.txt");
  std::ofstream(pending.path()) << "hello";
  EXPECT_FALSE(std::filesystem::exists(folder / "a.txt"));
  pending.commit();
  EXPECT_EQ(read_text_file(folder / "a.txt", 100), "hello");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(PendingFile, LeavesNothingWithoutCommitAndKeepsTheOldFile) {
  test::TemporaryFolder folder;
  write_text_file(folder / "a.txt", "old");
  {
    PendingFile pending(folder / "a.txt");
    std::ofstream(pending.path()) << "half";
  }
  EXPECT_EQ(read_text_file(folder / "a.txt", 100), "old");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(PendingFile, SignalRemovalTakesWhatIsPendingOnly) {
  test::TemporaryFolder folder;
  write_text_file(folder / "done.txt", "done");
  PendingFile pending(folder / "a.txt");
  EXPECT_EQ(entries(folder.path()), 2u);
  PendingFile::remove_all_from_signal();
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(PendingFile, MissingFolderIsNamed) {
  test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(PendingFile(folder / "no/such/a.txt"), ErrorCode::Io, "there is no folder");
}

TEST(ReadFile, RefusesMissingFoldersAndLargeFiles) {
  test::TemporaryFolder folder;
  write_text_file(folder / "a.txt", "0123456789");
  EXPECT_RIFFLE_ERROR(read_file(folder / "b.txt", 100), ErrorCode::NotFound, "no such file");
  EXPECT_RIFFLE_ERROR(read_file(folder.path(), 100), ErrorCode::BadFile, "it is a folder");
  EXPECT_RIFFLE_ERROR(read_file(folder / "a.txt", 9), ErrorCode::BadFile, "at most 9");
}

}  // namespace
}  // namespace riffle
