// SPDX-License-Identifier: GPL-3.0-or-later
// The flags that choose a model and how it computes.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/globals.h"
#include "core/job.h"
#include "models/riff_parts.h"
#include "pipelines/music_model.h"

namespace riffle::cli {

struct ModelOptions {
  std::string model;  // empty: the default
  std::vector<std::string> loras;
  bool exact = false;
  bool low_memory = false;

  // kind: of the default that help names; only riff models take LoRAs.
  void add_to(CLI::App& app, pipelines::ModelKind kind = pipelines::ModelKind::Riff);
  // Opens the model; weights are read when first needed. Throws Error{NotFound} where there is
  // none, and what open_music_model throws.
  std::unique_ptr<pipelines::MusicModel> open(const Globals& globals, const Job& job) const;
  // The same for pipelines of that kind. A model that was named may be of the other kind: the
  // pipeline says so.
  std::unique_ptr<pipelines::Model> open(pipelines::ModelKind kind, const Globals& globals,
                                         const Job& job) const;
  models::RiffModelOptions compute_options(const Globals& globals) const;
};

}  // namespace riffle::cli
