// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <system_error>

#include "core/error.h"

namespace riffle {
namespace {

namespace fs = std::filesystem;

// Names of the files pending now, for remove_all_from_signal(): fixed storage, because a signal
// handler may not allocate. More than 64 at once are still removed on the ordinary way out.
struct PendingSlot {
  std::atomic<bool> used{false};
  std::atomic<bool> ready{false};
  std::array<char, 4096> name{};
};
std::array<PendingSlot, 64> g_pending;

int register_pending(const std::string& name) {
  for (size_t i = 0; i < g_pending.size(); ++i) {
    if (g_pending[i].used.exchange(true)) continue;
    if (name.size() + 1 > g_pending[i].name.size()) {
      g_pending[i].used = false;
      return -1;
    }
    std::memcpy(g_pending[i].name.data(), name.c_str(), name.size() + 1);
    g_pending[i].ready = true;
    return static_cast<int>(i);
  }
  return -1;
}

void unregister_pending(int slot) {
  if (slot < 0) return;
  g_pending[static_cast<size_t>(slot)].ready = false;
  g_pending[static_cast<size_t>(slot)].used = false;
}

fs::path xdg_folder(const char* variable, const char* below_home) {
  if (const char* value = std::getenv(variable); value != nullptr && *value == '/') {
    return fs::path(value) / "riffle";
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / below_home / "riffle";
}

}  // namespace

PendingFile::PendingFile(fs::path target) : target_(std::move(target)) {
  static std::atomic<unsigned> counter{0};
  const fs::path folder = target_.parent_path().empty() ? fs::path(".") : target_.parent_path();
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    throw Error(
        ErrorCode::Io,
        fmt::format("cannot write {}: there is no folder {}", target_.string(), folder.string()),
        "create the folder first, or choose another place");
  }
  if (fs::is_directory(target_, ec)) {
    throw Error(ErrorCode::Io, fmt::format("cannot write {}: it is a folder", target_.string()),
                "give a file name");
  }
  path_ =
      folder / fmt::format(".{}.{}-{}.part", target_.filename().string(), ::getpid(), counter++);
  // Registered for as long as it may exist: a signal may interrupt this very thread at any place.
  slot_ = register_pending(path_.string());
  if (std::ofstream probe(path_, std::ios::binary); !probe) {
    unregister_pending(slot_);
    throw Error(ErrorCode::Io,
                fmt::format("cannot write {}: {}", target_.string(), std::strerror(errno)),
                "check the folder's permissions and free space");
  }
}

PendingFile::~PendingFile() {
  if (!committed_) {
    std::error_code ec;
    fs::remove(path_, ec);
  }
  unregister_pending(slot_);
}

void PendingFile::commit() {
  std::error_code ec;
  fs::rename(path_, target_, ec);
  if (ec) {
    throw Error(ErrorCode::Io, fmt::format("cannot write {}: {}", target_.string(), ec.message()));
  }
  committed_ = true;
}

void PendingFile::remove_all_from_signal() noexcept {
  // Other threads go on meanwhile, and one may be about to create a file it has registered: look
  // until every name has been removed once, or is no longer pending, and nothing new turns up.
  constexpr int kPasses = 60;
  std::array<bool, g_pending.size()> removed{};
  for (int pass = 0, quiet = 0; pass < kPasses && quiet < 3; ++pass) {
    bool open = false;
    for (size_t i = 0; i < g_pending.size(); ++i) {
      if (!g_pending[i].ready) continue;
      const bool found = ::unlink(g_pending[i].name.data()) == 0;
      if (found || !removed[i]) open = true;
      removed[i] = removed[i] || found;
    }
    quiet = open ? 0 : quiet + 1;
    const timespec pause{.tv_sec = 0, .tv_nsec = 5'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

void require_file(const fs::path& path, std::string_view what) {
  std::error_code ec;
  if (!fs::exists(path, ec)) {
    throw Error(ErrorCode::NotFound, fmt::format("{} {}: no such file", what, path.string()),
                "check the path");
  }
  if (fs::is_directory(path, ec)) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{} {}: it is a folder, expected a file", what, path.string()));
  }
}

std::vector<uint8_t> read_file(const fs::path& path, uint64_t max_bytes) {
  require_file(path, "file");
  std::error_code ec;
  const uint64_t size = fs::file_size(path, ec);
  if (ec) throw Error(ErrorCode::BadFile, fmt::format("{}: {}", path.string(), ec.message()));
  if (size > max_bytes) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: {} bytes, expected at most {}", path.string(), size, max_bytes));
  }
  std::ifstream in(path, std::ios::binary);
  std::vector<uint8_t> bytes(size);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!in && size > 0)
    throw Error(ErrorCode::Io, fmt::format("{}: {}", path.string(), std::strerror(errno)));
  return bytes;
}

std::string read_text_file(const fs::path& path, uint64_t max_bytes) {
  const auto bytes = read_file(path, max_bytes);
  return {bytes.begin(), bytes.end()};
}

void write_file(const fs::path& path, std::span<const uint8_t> bytes) {
  PendingFile pending(path);
  std::ofstream out(pending.path(), std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out)
    throw Error(ErrorCode::Io,
                fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  pending.commit();
}

void write_text_file(const fs::path& path, std::string_view text) {
  write_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

fs::path cache_folder() { return xdg_folder("XDG_CACHE_HOME", ".cache"); }
fs::path data_folder() { return xdg_folder("XDG_DATA_HOME", ".local/share"); }

}  // namespace riffle
