// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/wav_header.h"

#include <array>
#include <string_view>

namespace riffle::audio::detail {
namespace {

constexpr int kMaxChunksBeforeData = 64;

bool read_exactly(InputBytes& bytes, uint8_t* to, int size) {
  for (int done = 0; done < size;) {
    const int count = bytes.read(to + done, size - done);
    if (count <= 0) return false;
    done += count;
  }
  return true;
}

std::string_view text_at(const uint8_t* bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes)), 4};
}

uint32_t number_at(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

bool is_placeholder(uint32_t size) {
  constexpr uint32_t kSlack = 4096;  // some take the header off, some round down
  return size == 0 || size >= 0xFFFFFFFFU - kSlack ||
         (size >= 0x7FFFFFFFU - kSlack && size <= 0x7FFFFFFFU);
}

bool data_has_placeholder(InputBytes& bytes) {
  std::array<uint8_t, 12> riff{};
  if (!read_exactly(bytes, riff.data(), 12)) return false;
  if (text_at(riff.data()) != "RIFF" || text_at(riff.data() + 8) != "WAVE") return false;
  int64_t at = 12;
  for (int i = 0; i < kMaxChunksBeforeData; ++i) {
    std::array<uint8_t, 8> chunk{};
    if (!bytes.seek(at) || !read_exactly(bytes, chunk.data(), 8)) return false;
    const uint32_t size = number_at(chunk.data() + 4);
    if (text_at(chunk.data()) == "data") return is_placeholder(size);
    at += 8 + int64_t{size} + size % 2;
  }
  return false;
}

}  // namespace

bool has_placeholder_length(InputBytes& bytes) {
  if (!bytes.seek(0)) return false;
  const bool result = data_has_placeholder(bytes);
  bytes.seek(0);
  return result;
}

}  // namespace riffle::audio::detail
