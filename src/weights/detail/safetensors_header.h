// SPDX-License-Identifier: GPL-3.0-or-later
// The header of a safetensors file: 8 bytes little-endian length, then that many bytes of JSON
// {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {...}}.
// Format: https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/dtype.h"

namespace riffle::weights::detail {

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes from the start of the file
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their data
  std::map<std::string, std::string> metadata;
};

// `file` is the whole file. Every entry of the result lies inside it, has as many bytes as its
// shape and type need, and no two overlap. As the format demands, the data has no holes and no
// bytes after the last tensor. Throws Error{BadFile}, or Error{Unsupported} for an element type
// Riffle does not know; `where` begins the message.
SafetensorsHeader parse_safetensors_header(std::span<const uint8_t> file, std::string_view where);

}  // namespace riffle::weights::detail
