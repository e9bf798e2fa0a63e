// SPDX-License-Identifier: GPL-3.0-or-later
// The flags that choose a model and how it computes.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/globals.h"
#include "core/job.h"
#include "pipelines/music_model.h"

namespace riffle::cli {

struct ModelOptions {
  std::string model;  // empty: the default
  std::vector<std::string> loras;
  bool exact = false;
  bool low_memory = false;

  void add_to(CLI::App& app);
  // Opens the model; weights are read when first needed. Throws Error{NotFound} where there is
  // none, and what open_music_model throws.
  std::unique_ptr<pipelines::MusicModel> open(const Globals& globals, const Job& job) const;
};

}  // namespace riffle::cli
