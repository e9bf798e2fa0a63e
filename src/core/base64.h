// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes as text (RFC 4648).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace riffle {

// line: a newline after so many letters and at the end, as Python's encodebytes() writes with 76;
// 0: none.
std::string base64(std::span<const uint8_t> bytes, size_t line = 0);

}  // namespace riffle
