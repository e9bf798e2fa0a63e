// SPDX-License-Identifier: GPL-3.0-or-later
// The clips of the library: rows in the database, files in folders.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "library/records.h"

namespace riffle::library {

namespace detail {
class Database;
class Statement;
}  // namespace detail

// Every function may be called from any thread. A clip exists once its row does: its files are
// written first, and what is left of those that never got a row is removed at the next start.
class ClipStore {
 public:
  ClipStore(detail::Database& database, std::filesystem::path folder);

  // Makes the folder for a new clip's files. Throws Error{Io}.
  std::filesystem::path make_folder(const std::string& id) const;
  std::filesystem::path folder_of(const std::string& id) const { return folder_ / id; }

  void add(const ClipRecord& clip) { add_all({&clip, 1}); }
  // All of them or none.
  void add_all(std::span<const ClipRecord> clips);
  std::optional<ClipRecord> find(const std::string& id) const;
  ClipPage search(const ClipQuery& query) const;
  // Of a job, oldest first.
  std::vector<ClipRecord> of_job(const std::string& job) const;
  // False where there is no such clip.
  bool change(const std::string& id, const ClipChange& change);
  bool remove(const std::string& id);  // its files too

  // Nearest first; at most `limit`. Parents that are gone, or are uploads, are left out.
  std::vector<ClipRecord> ancestors(const std::string& id, int64_t limit = 200) const;
  std::vector<ClipRecord> descendants(const std::string& id, int64_t limit = 200) const;
  std::vector<TagCount> tags() const;  // most used first
  int64_t count() const;

  // Removes folders without a row. Returns how many. At the start only: a clip being written has
  // none either.
  int64_t sweep();

 private:
  std::vector<ClipRecord> kin(const std::string& id, const char* sql, int64_t limit) const;
  void insert(const ClipRecord& clip);
  ClipRecord read(const detail::Statement& row) const;

  detail::Database& database_;
  std::filesystem::path folder_;
};

}  // namespace riffle::library
