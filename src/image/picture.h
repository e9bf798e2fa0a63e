// SPDX-License-Identifier: GPL-3.0-or-later
// A picture in memory: 8-bit RGB and the EXIF block that travels with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace riffle::image {

// rgb: [height, width, 3], row 0 at the top, no padding between rows.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;
  // TIFF structure as it stands in a PNG's eXIf chunk or after "Exif\0\0" in a JPEG; empty: none.
  std::vector<uint8_t> exif;

  Picture() = default;
  Picture(int width_in, int height_in)
      : width(width_in),
        height(height_in),
        rgb(static_cast<size_t>(width_in) * static_cast<size_t>(height_in) * 3) {}

  size_t row_bytes() const { return static_cast<size_t>(width) * 3; }
  std::span<uint8_t> row(int y) {
    return {rgb.data() + static_cast<size_t>(y) * row_bytes(), row_bytes()};
  }
  std::span<const uint8_t> row(int y) const {
    return {rgb.data() + static_cast<size_t>(y) * row_bytes(), row_bytes()};
  }
};

}  // namespace riffle::image
