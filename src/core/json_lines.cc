// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/json_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/files.h"

namespace riffle {

void for_each_json_line(const std::filesystem::path& path, uint64_t max_bytes,
                        const std::function<void(const Json&, const std::string&)>& use) {
  const std::string text = read_text_file(path, max_bytes);
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const std::string where = fmt::format("{}:{}", path.string(), ++number);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    use(parse_json(line, where), where);
  }
}

}  // namespace riffle
