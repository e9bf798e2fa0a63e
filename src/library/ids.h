// SPDX-License-Identifier: GPL-3.0-or-later
// Names for clips, jobs and uploads that nobody can guess, and times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace riffle::library {

// "clip_" and 16 letters and digits: 80 bits of the system's randomness.
std::string new_id(std::string_view prefix);

// Whether a text has the form of such a name: prefix, then only lower-case letters and digits. What
// has it can be a file name.
bool is_id(std::string_view text, std::string_view prefix);

int64_t now_ms();                   // Unix time
std::string time_text(int64_t ms);  // RFC 3339, UTC, with milliseconds

}  // namespace riffle::library
