// SPDX-License-Identifier: GPL-3.0-or-later
// The commands within "riffle train", one function each: adds the options, returns the action.
#pragma once

#include <CLI/App.hpp>

#include "cli/command.h"

namespace riffle::cli {

// The row of "riffle train", which riffle-train has too.
Command train_command();

Action add_train_autoencoder(CLI::App& app);
Action add_train_latents(CLI::App& app);
Action add_train_riff(CLI::App& app);
Action add_train_accompany(CLI::App& app);
Action add_train_lora(CLI::App& app);
Action add_train_distill(CLI::App& app);
Action add_train_clap(CLI::App& app);
Action add_train_cae(CLI::App& app);
Action add_train_average(CLI::App& app);
Action add_train_plot(CLI::App& app);

}  // namespace riffle::cli
