// SPDX-License-Identifier: GPL-3.0-or-later
// What the head of a request says of its body (RFC 9112, section 6.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace riffle::server {

struct BodyLength {
  enum class Kind { None, Known, Chunked, Malformed };
  Kind kind = Kind::None;
  int64_t bytes = 0;  // of a known one
};

// One length of digits only, or chunks, never both. lengths: how many Content-Length fields there
// are; length: the first of them.
BodyLength body_length_of(size_t lengths, std::string_view length, bool chunked);

}  // namespace riffle::server
