// SPDX-License-Identifier: GPL-3.0-or-later
// EXIF blocks to and from plain numbers and text: the only place that knows exiv2. Its exceptions
// and its talk on stderr stop here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::image::detail {

struct ExifTag {
  uint16_t tag = 0;
  bool main_directory = false;  // IFD0, where Riffusion's tags live
  std::string name;             // exiv2's name of the tag; hexadecimal when it knows none
  std::string type;             // "Short", "Ascii", ... as exiv2 names it
  size_t count = 0;
  std::optional<double> number;  // of a single value of a numeric type
  std::string text;              // the value as text, printable characters only, at most 60
};

// All tags in the order of the block. Damaged entries are dropped with a debug line. Throws
// Error{BadFile} when the bytes are no TIFF structure at all or more than 1 MiB.
std::vector<ExifTag> read_exif_tags(std::span<const uint8_t> exif, std::string_view name);

struct ExifNumber {
  uint16_t tag = 0;
  std::optional<uint32_t> integer;  // SHORT, or LONG when it does not fit; empty: `real`
  double real = 0;                  // DOUBLE
};

// A big-endian block with one directory of these, sorted by tag.
std::vector<uint8_t> write_exif_tags(std::span<const ExifNumber> numbers);

}  // namespace riffle::image::detail
