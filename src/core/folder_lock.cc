// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace riffle {

FolderLock::FolderLock(const std::filesystem::path& path, const Error& held) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);
  const int flags = is_folder ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT;
  descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  if (descriptor_ >= 0) ::close(descriptor_);
  if (reason == EWOULDBLOCK) throw Error(held);
  throw Error(ErrorCode::Io,
              fmt::format("cannot lock {}: {}", path.string(), std::strerror(reason)), held.hint());
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace riffle
