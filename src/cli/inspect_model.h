// SPDX-License-Identifier: GPL-3.0-or-later
// What is in a model or a file of weights, as lines for people and as JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "core/json.h"

namespace riffle::cli {

struct InspectOptions {
  bool tensors = false;  // list every tensor
  bool load = false;     // load the networks, with an account of what matched
};

// A bundle, a checkpoint, a LoRA or weights of any other kind. Reads headers only, unless told to
// load. Throws what weights/ throws.
OrderedJson inspect_model(const std::filesystem::path& path, const InspectOptions& options,
                          Context& context);

// What a file of weights is, by the names in it.
enum class WeightsKind { Checkpoint, Lora, Other };
WeightsKind kind_of_weights(const std::filesystem::path& path);
std::string_view name_of(WeightsKind kind);  // "checkpoint", "LoRA", "weights"

// "1.6 GB"
std::string size_text(int64_t bytes);
// Of a file, or of all files in a folder.
int64_t size_on_disk(const std::filesystem::path& path);

// Passes a job's progress on in megabytes instead of bytes.
Job in_megabytes(const Job& job);

}  // namespace riffle::cli
