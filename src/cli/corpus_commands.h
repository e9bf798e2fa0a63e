// SPDX-License-Identifier: GPL-3.0-or-later
// Commands within "riffle corpus" that have a file of their own: adds the options, returns the
// action.
#pragma once

#include <CLI/App.hpp>

#include "cli/command.h"

namespace riffle::cli {

Action add_corpus_pairs(CLI::App& app);

}  // namespace riffle::cli
