// SPDX-License-Identifier: GPL-3.0-or-later
#include "library/library.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/log.h"
#include "library/detail/migrations.h"
#include "library/detail/sqlite.h"
#include "library/ids.h"

namespace riffle::library {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kUploadsKeptMs = int64_t{30} * 24 * 3600 * 1000;
constexpr int64_t kJobsKept = 1000;

fs::path made(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::Io, fmt::format("cannot make {}: {}", folder.string(), error.message()),
                "give another folder with --library");
  }
  return folder;
}

// Held as long as the library is open; the system lets go of it when a process dies.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder) {
    const fs::path path = folder / "lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) {
      throw Error(ErrorCode::Io,
                  fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
                  "give another folder with --library");
    }
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(file_);
      throw Error(ErrorCode::Unsupported,
                  fmt::format("{} is in use by another riffle serve", folder.string()),
                  "stop that one, or give another folder with --library");
    }
  }
  ~FolderLock() { ::close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace

struct Library::Impl {
  explicit Impl(const fs::path& path)
      : folder(made(path)),
        lock(folder),
        database(folder / "library.db"),
        clips(database, folder / "clips"),
        jobs(database),
        uploads(database, folder / "uploads") {
    detail::migrate(database);
    jobs.prune(kJobsKept);
    const int64_t removed = clips.sweep() + uploads.sweep(now_ms() - kUploadsKeptMs);
    if (removed > 0) log::info("library: {} unfinished or outdated files removed", removed);
  }

  fs::path folder;
  FolderLock lock;
  detail::Database database;
  ClipStore clips;
  JobStore jobs;
  UploadStore uploads;
};

Library::Library(const fs::path& folder) : impl_(std::make_unique<Impl>(folder)) {}
Library::~Library() = default;

const fs::path& Library::folder() const { return impl_->folder; }
ClipStore& Library::clips() { return impl_->clips; }
JobStore& Library::jobs() { return impl_->jobs; }
UploadStore& Library::uploads() { return impl_->uploads; }

}  // namespace riffle::library
