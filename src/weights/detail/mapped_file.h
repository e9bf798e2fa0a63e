// SPDX-License-Identifier: GPL-3.0-or-later
// A file of tensors, mapped into memory and open for reading.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace riffle::weights::detail {

// The mapping is private and copy-on-write: what is written to it stays in this process and never
// reaches the file. A file that somebody shortens while it is mapped raises SIGBUS on access, which
// is why Riffle itself replaces weight files by renaming and never in place.
class MappedFile {
 public:
  // Throws Error{NotFound, BadFile, Io}; `what` begins the message ("weights").
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path,
                                                std::string_view what);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& where() const { return where_; }  // the path, for messages
  uint64_t size() const { return bytes_.size(); }
  std::span<uint8_t> bytes() const { return bytes_; }

  // Copies `count` bytes at `offset` with pread: the pages of the mapping stay untouched, so a
  // large file that is converted while loading does not count twice in resident memory. Throws
  // Error{Io, BadFile}.
  void read(uint64_t offset, void* destination, uint64_t count) const;

 private:
  MappedFile(std::string where, int descriptor, std::span<uint8_t> bytes);

  std::string where_;
  int descriptor_ = -1;
  std::span<uint8_t> bytes_;
};

}  // namespace riffle::weights::detail
