// SPDX-License-Identifier: GPL-3.0-or-later
// Files of one JSON document a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/json.h"

namespace riffle {

// Calls `use` with every line that is not blank and "FILE:LINE", for messages. Throws what
// read_text_file() throws, Error{BadFile} for a line that is no JSON.
void for_each_json_line(const std::filesystem::path& path, uint64_t max_bytes,
                        const std::function<void(const Json&, const std::string&)>& use);

}  // namespace riffle
