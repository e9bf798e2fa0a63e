// SPDX-License-Identifier: GPL-3.0-or-later
// What the PNG and JPEG codecs share: their entry points and the checks before memory is taken.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "image/picture_file.h"

namespace riffle::image::detail {

// The four codecs; contracts as in picture_file.h.
Picture read_png(std::span<const uint8_t> bytes, std::string_view name,
                 const PictureLimits& limits);
Picture read_jpeg(std::span<const uint8_t> bytes, std::string_view name,
                  const PictureLimits& limits);
std::vector<uint8_t> write_png(const Picture& picture);
std::vector<uint8_t> write_jpeg(const Picture& picture, const PictureWriteOptions& options);

Error bad_picture(std::string_view name, std::string_view what);

// A Picture of that size, black. Throws Error{BadFile} beyond the limits, Error{OutOfMemory}.
Picture make_picture(int64_t width, int64_t height, std::string_view name,
                     const PictureLimits& limits);

// Text of a library's error, kept outside the frames that longjmp leaves.
using LibraryMessage = std::array<char, 256>;

}  // namespace riffle::image::detail
