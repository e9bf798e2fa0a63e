// SPDX-License-Identifier: GPL-3.0-or-later
// PNG and JPEG files to and from Picture.
//
// What a file holds becomes 8-bit RGB as Pillow's convert("RGB") makes it, which is what Riffusion
// read: palettes are looked up, 1, 2 and 4-bit gray is spread over 0..255, 16-bit samples keep
// their high byte (16-bit gray too, where Pillow would clip at 255), alpha and tRNS are dropped
// without being composited, gamma and colour profiles are ignored, CMYK is taken as Adobe writes
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "image/picture.h"

namespace riffle::image {

enum class PictureFormat { Png, Jpeg };

// What is accepted; checked against the file's header before memory is taken for the pixels.
struct PictureLimits {
  int max_width = 1'000'000;
  int max_height = 16'384;
  int64_t max_pixels = 400'000'000;
};

enum class ChromaSubsampling {
  None,     // 4:4:4: every pixel keeps its own colour
  Quarter,  // 4:2:0: colour at half width and height, as Riffusion's JPEGs have it
};

// Stereo pictures hold left and right in the colour planes: 4:2:0 smears the two channels into each
// other and into neighbouring frames, and quality 75 (Pillow's default, so Riffusion's) adds
// blocks. Hence the defaults here; PNG is the lossless choice.
struct PictureWriteOptions {
  int jpeg_quality = 95;  // 1 to 100
  ChromaSubsampling jpeg_subsampling = ChromaSubsampling::None;
};

// Reads a whole picture with its EXIF block (PNG: the eXIf chunk; JPEG: the first Exif APP1; other
// metadata is skipped unread). The kind is told from the first bytes, never from the name.
// Throws Error{NotFound}; Error{BadFile} for a file that is neither PNG nor JPEG, that is truncated
// or damaged anywhere (a bad CRC, a palette index without colour, a missing end marker), or that is
// beyond the limits; Error{Unsupported} for a JPEG of other than 1, 3 or 4 components;
// Error{OutOfMemory}.
Picture read_picture(const std::filesystem::path& path, const PictureLimits& limits = {});
// The same from memory; `name` stands for the path in errors.
Picture read_picture(std::span<const uint8_t> bytes, std::string_view name,
                     const PictureLimits& limits = {});

// A file as bytes: PNG of colour type 2 (8-bit RGB) with one eXIf chunk, or JPEG with the same
// block in APP1, and no other metadata. Throws Error{InvalidArgument} for a picture without pixels,
// one whose rgb is not height * width * 3 bytes, a quality outside 1..100, and, for JPEG, sides
// above 65500 pixels or EXIF above 65527 bytes (what the format can hold).
std::vector<uint8_t> encode_picture(const Picture& picture, PictureFormat format,
                                    const PictureWriteOptions& options = {});

// The format a file name asks for: .png, .jpg, .jpeg in any case. Throws Error{InvalidArgument}.
PictureFormat picture_format_of(const std::filesystem::path& path);

// encode_picture() into a file that appears whole or not at all; throws Error{Io} too.
void write_picture(const std::filesystem::path& path, const Picture& picture,
                   const PictureWriteOptions& options = {});

}  // namespace riffle::image
