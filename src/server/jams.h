// SPDX-License-Identifier: GPL-3.0-or-later
// The jams that are going on, and for a while those that were.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "server/jam.h"

namespace riffle::server {

class Jams {
 public:
  Jams(JamTools tools, int64_t limit) : tools_(std::move(tools)), limit_(limit) {}

  // Throws ProblemError{429} where too many are going on.
  JamPtr start(std::string prompt, const JamChange& first, std::optional<int64_t> segments);
  JamPtr find(const std::string& id);  // null: there is none
  std::vector<JamPtr> list();          // going on, oldest first
  int64_t count();
  void end_all();

 private:
  void forget();

  JamTools tools_;
  int64_t limit_;
  std::mutex mutex_;
  std::map<std::string, JamPtr> jams_;
  std::vector<std::string> order_;
};

}  // namespace riffle::server
