// SPDX-License-Identifier: GPL-3.0-or-later
// Wav files made byte by byte, so that they can be made wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace riffle::audio::test {

struct WavHeader {
  uint16_t format = 1;  // 1 PCM, 3 float
  uint16_t channels = 1;
  uint32_t sample_rate = 44100;
  uint16_t bits = 16;
  int64_t riff_size = -1;  // -1: the right one
  int64_t data_size = -1;
};

inline void append_le(std::string& to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>((value >> (8 * i)) & 0xFF);
}

inline std::string wav_bytes(const WavHeader& header, const std::string& data) {
  const auto frame_bytes = static_cast<uint16_t>(header.channels * header.bits / 8);
  const auto size_or = [](int64_t given, size_t right) {
    return given < 0 ? static_cast<uint64_t>(right) : static_cast<uint64_t>(given);
  };
  std::string wav = "RIFF";
  append_le(wav, size_or(header.riff_size, 36 + data.size()), 4);
  wav += "WAVEfmt ";
  append_le(wav, 16, 4);
  append_le(wav, header.format, 2);
  append_le(wav, header.channels, 2);
  append_le(wav, header.sample_rate, 4);
  append_le(wav, uint64_t{header.sample_rate} * frame_bytes, 4);
  append_le(wav, frame_bytes, 2);
  append_le(wav, header.bits, 2);
  wav += "data";
  append_le(wav, size_or(header.data_size, data.size()), 4);
  return wav + data;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace riffle::audio::test
