// SPDX-License-Identifier: GPL-3.0-or-later
// Weight files put together byte by byte, so that tests can make each of them wrong in one way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::weights {

inline void append_integer(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

inline void write_raw(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string read_raw(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A safetensors file from its header's JSON and its data.
inline std::string raw_safetensors(std::string_view json, std::string_view data) {
  std::string file;
  append_integer(file, json.size(), 8);
  return file.append(json).append(data);
}

}  // namespace riffle::weights
