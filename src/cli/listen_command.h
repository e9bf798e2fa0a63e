// SPDX-License-Identifier: GPL-3.0-or-later
// riffle listen-test.
#pragma once

#include "cli/command.h"

namespace riffle::cli {

Action add_listen_test(CLI::App& app);

}  // namespace riffle::cli
