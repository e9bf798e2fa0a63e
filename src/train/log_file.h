// SPDX-License-Identifier: GPL-3.0-or-later
// A run's log: one JSON object a line, {"step": 120, "loss": ..., ...}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "core/json.h"

namespace riffle::train {

class LogFile {
 public:
  // Opens it to go on after `step` updates: lines of later steps, which a killed run wrote after
  // its last checkpoint, are removed, for they are about to happen again. Throws Error{Io}.
  LogFile(const std::filesystem::path& path, int64_t step);

  // Appends a line, at once. Throws Error{Io}.
  void write(const OrderedJson& line);

 private:
  std::filesystem::path path_;
  std::ofstream out_;
};

// Every line of a log that can be read; a half-written last line is left out. Throws
// Error{NotFound}.
std::vector<Json> read_log(const std::filesystem::path& path);

}  // namespace riffle::train
