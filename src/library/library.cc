// SPDX-License-Identifier: GPL-3.0-or-later
#include "library/library.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/folder_lock.h"
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

}  // namespace

struct Library::Impl {
  explicit Impl(const fs::path& path)
      : folder(made(path)),
        lock(folder / "lock",
             Error(ErrorCode::Unsupported,
                   fmt::format("{} is in use by another riffle serve", folder.string()),
                   "stop that one, or give another folder with --library")),
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
