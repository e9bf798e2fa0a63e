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
  ModelKind kind = ModelKind::Riff;  // of the models it runs on
  std::string_view name;             // "generate"
  std::string_view summary;          // one line
  std::string_view examples;         // command lines
  std::vector<Field> (*fields)() = nullptr;
  // Of a model of that kind: see run().
  std::vector<Clip> (*run_on)(Model& model, const Json& request,
                              const RunContext& context) = nullptr;
  // Only reads it: what is wrong is said before a model is loaded.
  void (*check)(const Json& request) = nullptr;

  // Reads the request (Error{InvalidArgument} for what is wrong in it) and runs it. Throws
  // Error{InvalidArgument} for a model of another kind.
  std::vector<Clip> run(Model& model, const Json& request, const RunContext& context) const;
};

std::span<const PipelineEntry> pipeline_table();

// How many clips a request makes.
int64_t clips_of(const PipelineEntry& pipeline, const Json& request);

// Throws Error{NotFound} listing the names.
const PipelineEntry& pipeline_entry(std::string_view name);

}  // namespace riffle::pipelines
