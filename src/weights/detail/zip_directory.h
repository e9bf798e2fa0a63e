// SPDX-License-Identifier: GPL-3.0-or-later
// The table of contents of a zip archive, zip64 included: where each entry's bytes lie.
// Format: PKWARE APPNOTE.TXT, sections 4.3 and 4.5.3.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace riffle::weights::detail {

struct ZipEntry {
  uint64_t offset = 0;  // of the bytes as stored, from the start of the file
  uint64_t size = 0;    // as stored
  bool plain = true;    // neither compressed nor encrypted
};

// By name. Every entry lies inside `file`. Throws Error{BadFile}; `where` begins the message.
std::map<std::string, ZipEntry, std::less<>> read_zip_directory(std::span<const uint8_t> file,
                                                                std::string_view where);

}  // namespace riffle::weights::detail
