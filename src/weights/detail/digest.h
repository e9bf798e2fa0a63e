// SPDX-License-Identifier: GPL-3.0-or-later
// Hashes by which downloads are checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/job.h"

struct evp_md_ctx_st;

namespace riffle::weights::detail {

class Digest {
 public:
  enum class Kind { Sha256, Sha1 };
  explicit Digest(Kind kind);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void update(std::span<const char> bytes);
  // Lower-case hexadecimal digits. The digest is spent afterwards.
  std::string hex();

 private:
  evp_md_ctx_st* context_;
};

// Of a whole file. Throws Error{Io}, Error{Cancelled}.
std::string sha256_of_file(const std::filesystem::path& path, const Job& job);
// What git calls a file: SHA-1 over "blob SIZE\0" and the contents.
std::string git_id_of_file(const std::filesystem::path& path, const Job& job);

}  // namespace riffle::weights::detail
