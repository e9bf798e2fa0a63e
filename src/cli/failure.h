// SPDX-License-Identifier: GPL-3.0-or-later
// Failures on the terminal.
#pragma once

#include "core/failure.h"

namespace riffle::cli {

// "riffle: error: MESSAGE" and, where there is one, "hint: HINT", on stderr.
void print_failure(const Failure& failure);

}  // namespace riffle::cli
