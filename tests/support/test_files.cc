// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/test_files.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace riffle::test {

namespace fs = std::filesystem;

fs::path golden_file(const std::string& name) {
  return fs::path(RIFFLE_SOURCE_DIR) / "tests" / "golden" / name;
}

std::optional<fs::path> reference_file(const std::string& name) {
  const char* folder = std::getenv("RIFFLE_REFERENCE");
  const fs::path root = folder != nullptr
                            ? fs::path(folder)
                            : fs::path(RIFFLE_SOURCE_DIR).parent_path() / "shared" / "reference";
  const fs::path file = root / name;
  if (!fs::exists(file)) return std::nullopt;
  return file;
}

TemporaryFolder::TemporaryFolder() {
  static std::atomic<unsigned> counter{0};
  path_ = fs::temp_directory_path() /
          ("riffle-test-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
  fs::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ec;
  fs::remove_all(path_, ec);
}

}  // namespace riffle::test
