// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/folder_lock.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle {
namespace {

const Error in_use(ErrorCode::InvalidArgument, "in use", "wait");

TEST(FolderLock, IsHeldByOneAtATime) {
  const test::TemporaryFolder folder;
  for (const auto& path : {folder.path(), folder.path() / "lock"}) {
    {
      const FolderLock lock(path, in_use);
      EXPECT_RIFFLE_ERROR(FolderLock(path, in_use), ErrorCode::InvalidArgument, "in use");
    }
    EXPECT_NO_THROW(FolderLock(path, in_use));
  }
}

TEST(FolderLock, SaysWhyItCannotBeMade) {
  EXPECT_RIFFLE_ERROR(FolderLock("/nowhere/at/all", in_use), ErrorCode::Io, "/nowhere/at/all");
}

}  // namespace
}  // namespace riffle
