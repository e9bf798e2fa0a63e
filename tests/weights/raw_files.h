// SPDX-License-Identifier: GPL-3.0-or-later
// Weight files put together byte by byte, so that tests can make each of them wrong in one way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
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

// A zip archive of uncompressed entries.
inline std::string raw_zip(const std::vector<std::pair<std::string, std::string>>& entries,
                           uint16_t method = 0) {
  std::string file;
  std::string directory;
  for (const auto& [name, data] : entries) {
    append_integer(directory, 0x02014b50, 4);
    append_integer(directory, 0, 4);  // versions
    const size_t offset = file.size();
    append_integer(file, 0x04034b50, 4);
    append_integer(file, 0, 2);
    for (std::string* header : {&file, &directory}) {
      append_integer(*header, 0, 2);       // flags
      append_integer(*header, method, 2);  // 0: stored
      append_integer(*header, 0, 8);       // time, date, CRC-32
      append_integer(*header, data.size(), 4);
      append_integer(*header, data.size(), 4);
      append_integer(*header, name.size(), 2);
      append_integer(*header, 0, 2);
    }
    file.append(name).append(data);
    append_integer(directory, 0, 10);  // comment, disk, attributes
    append_integer(directory, offset, 4);
    directory.append(name);
  }
  const size_t start = file.size();
  file.append(directory);
  append_integer(file, 0x06054b50, 4);
  append_integer(file, 0, 4);
  append_integer(file, entries.size(), 2);
  append_integer(file, entries.size(), 2);
  append_integer(file, directory.size(), 4);
  append_integer(file, start, 4);
  append_integer(file, 0, 2);
  return file;
}

}  // namespace riffle::weights
