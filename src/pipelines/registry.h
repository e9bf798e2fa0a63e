// SPDX-License-Identifier: GPL-3.0-or-later
// Every pipeline there is, one row each. Command line, API and studio are filled from it; to add
// one, write its pair of files and its row.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "pipelines/clip.h"
#include "pipelines/fields.h"
#include "pipelines/music_model.h"

namespace riffle::pipelines {

struct PipelineEntry {
  std::string_view name;      // "generate"
  std::string_view summary;   // one line
  std::string_view examples;  // command lines
  std::vector<Field> (*fields)() = nullptr;
  // Reads the request (Error{InvalidArgument} for what is wrong in it) and runs it.
  std::vector<Clip> (*run)(MusicModel& model, const Json& request,
                           const RunContext& context) = nullptr;
  // Only reads it: what is wrong is said before a model is loaded.
  void (*check)(const Json& request) = nullptr;
};

std::span<const PipelineEntry> pipeline_table();

// Throws Error{NotFound} listing the names.
const PipelineEntry& pipeline_entry(std::string_view name);

}  // namespace riffle::pipelines
