// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/files.h"

namespace riffle::weights::detail {
namespace {

[[noreturn]] void system_error(std::string_view what, const std::string& where) {
  throw Error(ErrorCode::Io,
              fmt::format("cannot read {} {}: {}", what, where, std::strerror(errno)),
              "check the file's permissions");
}

// A descriptor that is closed unless released.
struct Descriptor {
  int value = -1;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  int release() { return std::exchange(value, -1); }
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path,
                                                   std::string_view what) {
  require_file(path, what);
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) system_error(what, path.string());
  struct stat status {};
  if (::fstat(file.value, &status) != 0) system_error(what, path.string());
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::BadFile, fmt::format("{} {}: not a regular file", what, path.string()));
  }
  std::span<uint8_t> bytes;
  if (status.st_size > 0) {
    const auto size = static_cast<size_t>(status.st_size);
    void* start =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.value, 0);
    if (start == MAP_FAILED) system_error(what, path.string());
    bytes = {static_cast<uint8_t*>(start), size};
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(path.string(), file.release(), bytes));
}

MappedFile::MappedFile(std::string where, int descriptor, std::span<uint8_t> bytes)
    : where_(std::move(where)), descriptor_(descriptor), bytes_(bytes) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  ::close(descriptor_);
}

void MappedFile::read(uint64_t offset, void* destination, uint64_t count) const {
  if (offset > size() || count > size() - offset) {
    throw Error(ErrorCode::Internal, fmt::format("{}: read of {} bytes at {} passes the end at {}",
                                                 where_, count, offset, size()));
  }
  auto* out = static_cast<uint8_t*>(destination);
  while (count > 0) {
    const ssize_t got = ::pread(descriptor_, out, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) system_error("weights", where_);
    if (got == 0) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: the file became shorter while read", where_));
    }
    out += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<uint64_t>(got);
  }
}

}  // namespace riffle::weights::detail
