// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps a folder from being written by two processes at once.
#pragma once

#include <filesystem>
#include <string>

namespace riffle {

// Held as long as it lives; the system lets go of it when a process dies.
class FolderLock {
 public:
  // On `folder`, which must exist, or on a file that is made where it is missing. Throws
  // Error{InvalidArgument} with `held` where somebody else holds it, Error{Io} where it cannot be
  // opened or locked; both with `hint`.
  FolderLock(const std::filesystem::path& path, const std::string& held, const std::string& hint);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace riffle
