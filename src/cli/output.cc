// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/output.h"

#include <cerrno>
#include <cstring>

#include "cli/progress_display.h"
#include "core/error.h"

namespace riffle::cli {

void Output::write(std::string_view text) {
  const std::lock_guard lock(mutex_);
  ProgressDisplay::clear_active();
  std::fwrite(text.data(), 1, text.size(), stream_);
}

void Output::text(std::string_view text) {
  if (!json_) write(text);
}

void Output::flush() { std::fflush(stream_); }

void Output::finish() {
  if (json_) {
    write(document_.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
  }
  if (std::fflush(stream_) != 0 || std::ferror(stream_) != 0) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot write the result to stdout: {}", std::strerror(errno)));
  }
}

}  // namespace riffle::cli
