// SPDX-License-Identifier: GPL-3.0-or-later
// A run on disk: one safetensors file a checkpoint, its state as JSON in the file's metadata, so
// that both appear together or not at all. The newest two are kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "train/adamw.h"
#include "train/flat_parameters.h"

namespace riffle::train {

struct RunState {
  int64_t step = 0;              // updates made
  double seconds = 0;            // spent on them, over all sittings
  uint64_t seed = 0;             // of all chance
  double loss_scale = 1;         // of training in half precision
  std::vector<int64_t> updates;  // of each group of parameters
  Json settings;                 // what the run must be resumed with
};

class CheckpointFolder {
 public:
  // Made when the first checkpoint is written.
  explicit CheckpointFolder(std::filesystem::path folder);

  // Writes step-00001234.safetensors and removes all but the newest two. Throws Error{Io}.
  void write(const RunState& state, const FlatParameters& parameters, const AdamW& optimiser) const;

  // The state of the newest whole checkpoint; a damaged one is passed over with a warning. Empty
  // when there is none.
  std::optional<RunState> newest();
  // Fills parameters and optimiser from the one newest() found. Throws Error{BadFile} when it is
  // of another model.
  void load(FlatParameters& parameters, AdamW& optimiser) const;

  // Removes every checkpoint.
  void clear() const;

 private:
  std::vector<std::filesystem::path> files() const;  // oldest first
  void remove_unfinished() const;

  std::filesystem::path folder_;
  std::filesystem::path found_;
};

}  // namespace riffle::train
