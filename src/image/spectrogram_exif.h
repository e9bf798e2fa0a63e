// SPDX-License-Identifier: GPL-3.0-or-later
// Spectrogram parameters as ten private EXIF tags (11000 to 11080), the form Riffusion's pictures
// carry them in: numbers, names and layout as its SpectrogramParams.ExifTags and Pillow write them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audio/spectrogram_params.h"

namespace riffle::image {

struct SpectrogramExif {
  audio::SpectrogramParams params;
  // Amplitude that level 0 (black) stands for; Riffusion writes it and never reads it. 0: silence.
  std::optional<double> max_value;
};

// 150 bytes: big-endian TIFF, one directory at offset 8 with the ten tags in ascending order,
// integers as SHORT (LONG above 65535), power and maximum as DOUBLE at 0x86 and 0x8E, no next
// directory. The power is written as the shortest decimal that reads back as the same float, so
// 0.3F is stored as Python's 0.3. Without max_value its entry is left out (138 bytes). Throws
// Error{InvalidArgument} for parameters that fail validate() and for a maximum that is negative or
// not finite.
std::vector<uint8_t> encode_spectrogram_exif(const SpectrogramExif& exif);

struct SpectrogramExifReading {
  std::optional<SpectrogramExif> found;
  std::string reason;  // why nothing was found, in words for a warning
};

// Reads them back from any EXIF block, of either byte order, leniently: foreign tags are passed
// over, and any single BYTE, SHORT, LONG, RATIONAL (signed ones too), FLOAT or DOUBLE counts as a
// number. Nothing is found, with a reason, when there is no block, when it cannot be read as TIFF,
// when it holds none of the tags, or when one that is required is missing (all but MAX_VALUE).
// Throws Error{BadFile} when a tag is there but makes no sense: of another type or count, not a
// whole number where one is needed, outside the ranges of SpectrogramParams::validate(), or a
// maximum that is negative or not finite. `name` begins the message.
SpectrogramExifReading decode_spectrogram_exif(std::span<const uint8_t> exif,
                                               std::string_view name);

// One tag as print-exif shows it.
struct ExifLine {
  uint16_t tag = 0;
  std::string name;   // "SAMPLE_RATE", a standard tag's name ("Orientation"), or its number in hex
  std::string value;  // a number as Python prints it; text cut to 60 characters

  // "{name:<20} = {value:>15}", the original's line.
  std::string text() const;
};

// Every tag of the block in its own order, of all directories. Throws Error{BadFile} for bytes that
// are not TIFF; an empty block gives an empty list.
std::vector<ExifLine> list_exif(std::span<const uint8_t> exif, std::string_view name);

}  // namespace riffle::image
