// SPDX-License-Identifier: GPL-3.0-or-later
// A hub on 127.0.0.1 for the length of a test: it lists and serves files from memory, and
// misbehaves on demand.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace riffle::weights {

class FakeHub {
 public:
  FakeHub();
  ~FakeHub();

  std::string endpoint() const;  // "http://127.0.0.1:PORT"

  std::string repository = "owner/name";
  std::string commit = "0123456789abcdef0123456789abcdef01234567";
  std::map<std::string, std::string> files;
  size_t large_from = 1000;    // bytes from which a file counts as large (LFS) and is redirected
  std::string listing;         // sent instead of the true one when not empty
  std::string required_token;  // 401 without it
  bool knows_ranges = true;    // otherwise every file is sent whole
  int busy_answers = 0;        // so many 503 come first
  std::map<std::string, size_t> cut_after;  // path -> bytes after which the connection breaks, once
  std::map<std::string, std::string> corrupted;  // path -> what is sent instead

  struct Asked {
    std::string path;  // of the file
    std::string range;
    std::string authorization;
    bool redirected = false;  // at the second host
  };
  std::vector<Asked> asked() const;

 private:
  struct Servers;
  std::unique_ptr<Servers> servers_;
};

}  // namespace riffle::weights
