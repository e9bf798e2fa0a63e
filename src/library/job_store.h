// SPDX-License-Identifier: GPL-3.0-or-later
// The jobs of the library: those that wait outlive the process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "library/records.h"

namespace riffle::library {

namespace detail {
class Database;
}

// Every function may be called from any thread.
class JobStore {
 public:
  explicit JobStore(detail::Database& database) : database_(database) {}

  void add(const JobRecord& job);
  // State, times, error and restarts.
  void update(const JobRecord& job);
  std::optional<JobRecord> find(const std::string& id) const;
  // Newest first; `states` empty: all.
  std::vector<JobRecord> list(const std::vector<JobState>& states, int64_t limit) const;
  // Those that are not over, in the order they came.
  std::vector<JobRecord> unfinished() const;
  // Forgets all but the newest `keep` that are over.
  void prune(int64_t keep);

 private:
  detail::Database& database_;
};

}  // namespace riffle::library
