// SPDX-License-Identifier: GPL-3.0-or-later
// Golden tensors out of a safetensors file, for tests of rooms below src/weights. Trusts the file.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"

namespace riffle::test {

class SafetensorsLite {
 public:
  explicit SafetensorsLite(const std::filesystem::path& path)
      : where_(path.string()), bytes_(read_file(path, uint64_t{1} << 31)) {
    uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, bytes_.data(), sizeof header_bytes);
    data_ = sizeof header_bytes + header_bytes;
    header_ = parse_json({reinterpret_cast<const char*>(bytes_.data()) + sizeof header_bytes,
                          static_cast<size_t>(header_bytes)},
                         where_);
  }

  bool contains(const std::string& name) const { return header_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const {
    return entry(name).at("shape").get<std::vector<int64_t>>();
  }

  // The values as stored: T must be the C++ type of the file's dtype (F32 float, U8 uint8_t, I64
  // int64_t, ...). Throws std::runtime_error for another one.
  template <class T>
  std::vector<T> values(const std::string& name) const {
    const auto dtype = entry(name).at("dtype").get<std::string>();
    if (dtype != dtype_of(T{})) {
      throw std::runtime_error(where_ + ": " + name + " is " + dtype + ", not " + dtype_of(T{}));
    }
    const auto range = entry(name).at("data_offsets").get<std::vector<size_t>>();
    std::vector<T> values((range[1] - range[0]) / sizeof(T));
    std::memcpy(values.data(), bytes_.data() + data_ + range[0], values.size() * sizeof(T));
    return values;
  }

 private:
  static const char* dtype_of(float) { return "F32"; }
  static const char* dtype_of(double) { return "F64"; }
  static const char* dtype_of(uint8_t) { return "U8"; }
  static const char* dtype_of(int32_t) { return "I32"; }
  static const char* dtype_of(int64_t) { return "I64"; }

  const Json& entry(const std::string& name) const {
    if (!header_.contains(name)) throw std::runtime_error(where_ + ": no tensor " + name);
    return header_.at(name);
  }

  std::string where_;
  std::vector<uint8_t> bytes_;
  size_t data_ = 0;
  Json header_;
};

}  // namespace riffle::test
