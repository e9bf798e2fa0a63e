// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/log_file.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"

namespace riffle::train {

std::vector<Json> read_log(const std::filesystem::path& path) {
  require_file(path, "log");
  std::ifstream in(path);
  std::vector<Json> lines;
  for (std::string text; std::getline(in, text);) {
    Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object() && line.contains("step") && line.at("step").is_number_integer()) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

LogFile::LogFile(const std::filesystem::path& path, int64_t step) : path_(path) {
  if (std::filesystem::exists(path)) {
    std::ifstream in(path);
    std::string kept;
    for (std::string text; std::getline(in, text);) {
      const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
      if (line.is_object() && line.value("step", step + 1) <= step) kept += text + "\n";
    }
    in.close();
    write_text_file(path, kept);
  }
  out_.open(path, std::ios::app);
  if (!out_) throw Error(ErrorCode::Io, fmt::format("cannot write {}", path.string()));
}

void LogFile::write(const OrderedJson& line) {
  out_ << line.dump() << '\n';
  out_.flush();
  if (!out_) throw Error(ErrorCode::Io, fmt::format("cannot write {}", path_.string()));
}

}  // namespace riffle::train
