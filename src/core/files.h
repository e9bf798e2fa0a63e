// SPDX-License-Identifier: GPL-3.0-or-later
// Files that appear whole or not at all, and the folders Riffle keeps things in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace riffle {

// A file being written: it lies beside its target under a hidden name and takes the target's name
// on commit(). Destroyed without commit, it is removed. Throws Error{Io} when the folder is missing
// or not writable.
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  const std::filesystem::path& target() const { return target_; }
  const std::filesystem::path& path() const { return path_; }  // write here
  void commit();  // rename over the target; throws Error{Io}

  // Removes every file pending in this process. Async-signal-safe: for the handler of a second
  // Ctrl-C.
  static void remove_all_from_signal() noexcept;

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
  int slot_ = -1;
  bool committed_ = false;
};

// Whole files. read_file throws Error{NotFound} for a missing file, Error{BadFile} for a folder or
// for more than max_bytes (checked before memory is taken).
std::vector<uint8_t> read_file(const std::filesystem::path& path, uint64_t max_bytes);
std::string read_text_file(const std::filesystem::path& path, uint64_t max_bytes);
void write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);
void write_text_file(const std::filesystem::path& path, std::string_view text);

// Throws Error{NotFound} unless path is an existing regular file (or device/pipe); `what` begins
// the message.
void require_file(const std::filesystem::path& path, std::string_view what);

// $XDG_CACHE_HOME/riffle or ~/.cache/riffle; $XDG_DATA_HOME/riffle or ~/.local/share/riffle. Not
// created here.
std::filesystem::path cache_folder();
std::filesystem::path data_folder();

}  // namespace riffle
