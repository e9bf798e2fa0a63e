// SPDX-License-Identifier: GPL-3.0-or-later
// What users brought in: sounds, pictures, latents.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "library/records.h"

namespace riffle::library {

namespace detail {
class Database;
}

// Every function may be called from any thread. As with clips, the file is there before its row.
class UploadStore {
 public:
  UploadStore(detail::Database& database, std::filesystem::path folder);

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path path_of(const UploadRecord& upload) const { return folder_ / upload.file; }

  void add(const UploadRecord& upload);
  std::optional<UploadRecord> find(const std::string& id) const;
  bool remove(const std::string& id);  // its file too

  // Removes files without a row, and uploads older than a time whose id no clip names as parent.
  // Returns how many. At the start only.
  int64_t sweep(int64_t older_than_ms);

 private:
  detail::Database& database_;
  std::filesystem::path folder_;
};

}  // namespace riffle::library
