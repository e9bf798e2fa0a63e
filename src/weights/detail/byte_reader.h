// SPDX-License-Identifier: GPL-3.0-or-later
// A cursor over untrusted bytes: little-endian integers and runs of bytes, never past the end.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

namespace riffle::weights::detail {

class ByteReader {
 public:
  // `where` names the bytes in errors ("x.ckpt: data.pkl").
  ByteReader(std::span<const uint8_t> bytes, std::string_view where, uint64_t position = 0)
      : bytes_(bytes), where_(where) {
    seek(position);
  }

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }
  void seek(uint64_t position) {
    if (position > bytes_.size()) fail(fmt::format("byte {} is past its end", position));
    position_ = position;
  }
  void skip(uint64_t count) { take(count); }

  // `size` bytes, 1 to 8, little-endian.
  uint64_t integer(int size) {
    const auto raw = take(static_cast<uint64_t>(size));
    uint64_t value = 0;
    for (size_t i = 0; i < raw.size(); ++i) value |= uint64_t{raw[i]} << (8 * i);
    return value;
  }
  uint8_t u8() { return static_cast<uint8_t>(integer(1)); }
  uint16_t u16() { return static_cast<uint16_t>(integer(2)); }
  uint32_t u32() { return static_cast<uint32_t>(integer(4)); }
  uint64_t u64() { return integer(8); }

  std::string_view text(uint64_t count) {
    const auto raw = take(count);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  // Up to the next newline, which is consumed and not returned.
  std::string_view line() {
    const auto rest = bytes_.subspan(position_);
    const std::string_view all(reinterpret_cast<const char*>(rest.data()), rest.size());
    const size_t end = all.find('\n');
    if (end == std::string_view::npos) fail("a line has no end");
    position_ += end + 1;
    return all.substr(0, end);
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: damaged at byte {}: {}", where_, position_, problem));
  }

 private:
  std::span<const uint8_t> take(uint64_t count) {
    if (count > left()) fail(fmt::format("{} bytes wanted, {} left", count, left()));
    const auto part = bytes_.subspan(position_, count);
    position_ += count;
    return part;
  }

  std::span<const uint8_t> bytes_;
  std::string where_;
  uint64_t position_ = 0;
};

}  // namespace riffle::weights::detail
