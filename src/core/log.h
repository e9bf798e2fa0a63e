// SPDX-License-Identifier: GPL-3.0-or-later
// Log lines, always to stderr: stdout belongs to results.
// error = the request failed; warn = the result differs from what was asked; info = one line a
// phase; debug = decisions.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace riffle::log {

enum class Level { Debug, Info, Warn, Error, Off };

void set_level(Level level);  // default Warn
Level level();
void write(Level level, std::string_view line);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (level() <= Level::Debug)
    write(Level::Debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (level() <= Level::Info) write(Level::Info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  if (level() <= Level::Warn) write(Level::Warn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (level() <= Level::Error)
    write(Level::Error, fmt::format(format, std::forward<Args>(args)...));
}

// A callable run before each line is written: the progress bar clears itself so that lines do not
// run into it.
void set_before_line(void (*hook)());

}  // namespace riffle::log
