// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/failure.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/progress_display.h"

namespace riffle::cli {

void print_failure(const Failure& failure) {
  ProgressDisplay::clear_active();
  fmt::print(stderr, "riffle: error: {}\n", failure.message);
  if (!failure.hint.empty()) fmt::print(stderr, "hint: {}\n", failure.hint);
}

}  // namespace riffle::cli
