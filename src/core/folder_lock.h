// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps a folder from being written by two processes at once.
#pragma once

#include <filesystem>

#include "core/error.h"

namespace riffle {

// Held as long as it lives; the system lets go of it when a process dies.
class FolderLock {
 public:
  // On a folder, which must exist, or on a file that is made where it is missing. Throws `held`
  // where somebody else holds it, Error{Io} with its hint where it cannot be opened or locked.
  FolderLock(const std::filesystem::path& path, const Error& held);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace riffle
