// SPDX-License-Identifier: GPL-3.0-or-later
// riffle eval band.
#pragma once

#include <CLI/App.hpp>

#include "cli/command.h"

namespace riffle::cli {

Action add_eval_band(CLI::App& app);

}  // namespace riffle::cli
