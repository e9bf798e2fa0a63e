// SPDX-License-Identifier: GPL-3.0-or-later
// Picture files and EXIF blocks put together byte by byte, so that tests can make wrong ones.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::test {

using Bytes = std::vector<uint8_t>;

inline void append(Bytes& out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
}

inline Bytes big_endian(uint64_t value, int bytes) {
  Bytes out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(value >> shift));
  return out;
}

inline Bytes deflated(const Bytes& raw) {
  uLongf size = compressBound(raw.size());
  Bytes out(size);
  compress2(out.data(), &size, raw.data(), raw.size(), 9);
  out.resize(size);
  return out;
}

// --- PNG ---------------------------------------------------------------------------------------

inline Bytes png_chunk(std::string_view kind, const Bytes& data) {
  Bytes body(kind.begin(), kind.end());
  append(body, data);
  Bytes out = big_endian(data.size(), 4);
  append(out, body);
  append(out, big_endian(crc32(0, body.data(), static_cast<uInt>(body.size())), 4));
  return out;
}

struct PngParts {
  uint32_t width = 1;
  uint32_t height = 1;
  uint8_t depth = 8;
  uint8_t colour_type = 2;
  Bytes before_pixels;  // chunks between IHDR and IDAT
  Bytes raw;            // filter bytes and rows; deflated into IDAT
};

inline Bytes png_signature() { return {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}; }

inline Bytes png_header(const PngParts& parts) {
  Bytes header = big_endian(parts.width, 4);
  append(header, big_endian(parts.height, 4));
  append(header, {parts.depth, parts.colour_type, 0, 0, 0});
  return png_chunk("IHDR", header);
}

inline Bytes png_of(const PngParts& parts) {
  Bytes out = png_signature();
  append(out, png_header(parts));
  append(out, parts.before_pixels);
  append(out, png_chunk("IDAT", deflated(parts.raw)));
  append(out, png_chunk("IEND", {}));
  return out;
}

// RGB rows of one colour, unfiltered.
inline Bytes flat_rows(uint32_t width, uint32_t height, uint8_t level) {
  Bytes raw;
  for (uint32_t y = 0; y < height; ++y) {
    raw.push_back(0);
    raw.insert(raw.end(), size_t{3} * width, level);
  }
  return raw;
}

// --- EXIF --------------------------------------------------------------------------------------

enum class TiffType : uint16_t {
  Byte = 1,
  Ascii = 2,
  Short = 3,
  Long = 4,
  Rational = 5,
  Undefined = 7,
  SignedLong = 9,
  Float = 11,
  Double = 12,
};

inline uint64_t bits_of(float value) {
  uint32_t bits = 0;
  static_assert(sizeof bits == sizeof value);
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}
inline uint64_t bits_of(double value) {
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

// One directory at offset 8 of either byte order, values above 4 bytes after it.
class TiffBuilder {
 public:
  explicit TiffBuilder(bool little_endian = false) : little_(little_endian) {}

  // `items` hold one element of the type each: two for a rational.
  TiffBuilder& add(uint16_t tag, TiffType type, const std::vector<uint64_t>& items) {
    const int width = item_bytes(type);
    const size_t count = type == TiffType::Rational ? items.size() / 2 : items.size();
    Bytes value;
    for (const uint64_t item : items) append(value, number(item, width));
    return add_raw(tag, static_cast<uint16_t>(type), static_cast<uint32_t>(count), value);
  }

  // Any type and count, whether or not the value is that long.
  TiffBuilder& add_raw(uint16_t tag, uint16_t type, uint32_t count, const Bytes& value) {
    entries_.push_back({tag, type, count, value, {}});
    return *this;
  }
  // An entry that points somewhere.
  TiffBuilder& add_offset(uint16_t tag, TiffType type, uint32_t count, uint32_t offset) {
    entries_.push_back({tag, static_cast<uint16_t>(type), count, {}, number(offset, 4)});
    return *this;
  }
  TiffBuilder& next_directory(uint32_t offset) {
    next_ = offset;
    return *this;
  }

  Bytes build() const {
    Bytes out = little_ ? Bytes{'I', 'I', 42, 0} : Bytes{'M', 'M', 0, 42};
    append(out, number(8, 4));
    append(out, number(entries_.size(), 2));
    Bytes data;
    const size_t data_at = 8 + 2 + 12 * entries_.size() + 4;
    for (const Entry& entry : entries_) {
      append(out, number(entry.tag, 2));
      append(out, number(entry.type, 2));
      append(out, number(entry.count, 4));
      if (!entry.offset.empty()) {
        append(out, entry.offset);
      } else if (entry.value.size() <= 4) {
        append(out, entry.value);
        out.resize(out.size() + 4 - entry.value.size());
      } else {
        append(out, number(data_at + data.size(), 4));
        append(data, entry.value);
      }
    }
    append(out, number(next_, 4));
    append(out, data);
    return out;
  }

 private:
  struct Entry {
    uint16_t tag;
    uint16_t type;
    uint32_t count;
    Bytes value;
    Bytes offset;
  };

  static int item_bytes(TiffType type) {
    switch (type) {
      case TiffType::Short:
        return 2;
      case TiffType::Long:
      case TiffType::SignedLong:
      case TiffType::Rational:
      case TiffType::Float:
        return 4;
      case TiffType::Double:
        return 8;
      case TiffType::Byte:
      case TiffType::Ascii:
      case TiffType::Undefined:
        return 1;
    }
    return 1;
  }

  Bytes number(uint64_t value, int bytes) const {
    Bytes out = big_endian(value, bytes);
    return little_ ? Bytes(out.rbegin(), out.rend()) : out;
  }

  bool little_;
  uint32_t next_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace riffle::test
