// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/checkpoint.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/log.h"
#include "weights/load.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStateKey = "riffle_training_state";
constexpr int kFormat = 1;
constexpr size_t kKept = 2;

// The blocks of a checkpoint, under what their tensors' names begin with.
std::vector<std::pair<std::string, at::Tensor>> blocks_of(const FlatParameters& parameters,
                                                          const AdamW& optimiser) {
  return {{"weights.", parameters.values()},
          {"first_moment.", optimiser.first_moment()},
          {"second_moment.", optimiser.second_moment()},
          {"average.", optimiser.average()}};
}

weights::NamedTensors all_tensors(const FlatParameters& parameters, const AdamW& optimiser) {
  weights::NamedTensors all;
  for (const auto& [prefix, block] : blocks_of(parameters, optimiser)) {
    for (auto& [name, tensor] : parameters.named(block)) all.emplace_back(prefix + name, tensor);
  }
  return all;
}

Json to_json(const RunState& state) {
  return {{"format", kFormat},
          {"step", state.step},
          {"seconds", state.seconds},
          {"seed", state.seed},
          {"loss_scale", state.loss_scale},
          {"updates", state.updates},
          {"settings", state.settings}};
}

RunState state_from(const Json& json, const std::string& where) {
  if (json_get<int>(json, "format", where) != kFormat) {
    throw Error(ErrorCode::Unsupported, where + ": a checkpoint of another version of Riffle");
  }
  return {.step = json_get<int64_t>(json, "step", where),
          .seconds = json_get<double>(json, "seconds", where),
          .seed = json_get<uint64_t>(json, "seed", where),
          .loss_scale = json_get<double>(json, "loss_scale", where),
          .updates = json_get<std::vector<int64_t>>(json, "updates", where),
          .settings = json.at("settings")};
}

}  // namespace

CheckpointFolder::CheckpointFolder(fs::path folder) : folder_(std::move(folder)) {}

std::vector<fs::path> CheckpointFolder::files() const {
  std::vector<fs::path> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder_, ec)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".safetensors")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());  // their numbers have leading zeros
  return found;
}

void CheckpointFolder::write(const RunState& state, const FlatParameters& parameters,
                             const AdamW& optimiser) const {
  std::error_code ec;
  fs::create_directories(folder_, ec);
  if (ec) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot make the folder {}: {}", folder_.string(), ec.message()));
  }
  weights::write_safetensors(folder_ / fmt::format("step-{:09}.safetensors", state.step),
                             all_tensors(parameters, optimiser),
                             {{kStateKey, to_json(state).dump()}});
  const auto all = files();
  for (size_t i = 0; i + kKept < all.size(); ++i) fs::remove(all[i], ec);
  remove_unfinished();
}

// What a process that was killed left half-written. Nobody else writes here.
void CheckpointFolder::remove_unfinished() const {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder_, ec)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".step-") && name.ends_with(".part")) fs::remove(entry.path(), ec);
  }
}

std::optional<RunState> CheckpointFolder::newest() {
  const auto all = files();
  for (auto file = all.rbegin(); file != all.rend(); ++file) {
    try {
      const auto opened = weights::open_safetensors(*file);
      const auto state = opened.metadata.find(kStateKey);
      if (state == opened.metadata.end()) {
        throw Error(ErrorCode::BadFile, file->string() + ": there is no training state in it");
      }
      found_ = *file;
      return state_from(parse_json(state->second, file->string()), file->string());
    } catch (const Error& e) {
      log::warn("checkpoint passed over: {}", e.message());
    }
  }
  return {};
}

void CheckpointFolder::load(FlatParameters& parameters, AdamW& optimiser) const {
  const at::NoGradGuard no_grad;
  const auto opened = weights::open_safetensors(found_);
  weights::load_into(all_tensors(parameters, optimiser), *opened.tensors,
                     {.share = false, .optional = {}});
}

void CheckpointFolder::clear() const {
  std::error_code ec;
  for (const fs::path& file : files()) fs::remove(file, ec);
}

}  // namespace riffle::train
