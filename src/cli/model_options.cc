// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/model_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "cli/options.h"
#include "core/error.h"
#include "core/log.h"
#include "nn/runtime.h"
#include "pipelines/band_model.h"
#include "weights/bundle.h"
#include "weights/lora.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

using pipelines::ModelKind;

const char* shipped_model(ModelKind kind) {
  return kind == ModelKind::Band ? "riffle-band" : "riffle-small";
}

bool is_of_kind(const weights::ModelEntry& model, ModelKind kind) {
  try {
    return pipelines::kind_of(weights::open_bundle(model.path)) == kind;
  } catch (const Error&) {
    return false;  // what cannot be opened is of no kind
  }
}

// The model that ships, else the only one there is.
std::filesystem::path default_model(ModelKind kind) {
  auto models = weights::list_models();
  const auto shipped = std::ranges::find(models, shipped_model(kind), &weights::ModelEntry::name);
  if (shipped != models.end()) return shipped->path;
  std::erase_if(models, [&](const weights::ModelEntry& m) { return !is_of_kind(m, kind); });
  if (models.size() == 1) return models.front().path;
  if (kind == ModelKind::Band) {
    throw Error(ErrorCode::NotFound,
                models.empty() ? "there is no band model on this machine"
                               : fmt::format("which of the {} band models?", models.size()),
                models.empty() ? "train one: riffle train accompany; docs/accompany.md says how"
                               : "name one with --model; riffle models list shows them");
  }
  throw Error(ErrorCode::NotFound,
              models.empty() ? "there is no model on this machine"
                             : fmt::format("which of the {} models?", models.size()),
              models.empty() ? "fetch one: riffle models pull riffusion/riffusion-model-v1"
                             : "name one with --model; riffle models list shows them");
}

// "file.safetensors:0.8"
weights::LoraUse lora_of(const std::string& text) {
  double weight = 1;
  std::string path = text;
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos && !std::filesystem::exists(text)) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, weight);
    if (error != std::errc{} || rest != end) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("--lora {}: expected FILE or FILE:WEIGHT", text));
    }
    path = text.substr(0, colon);
  }
  return {weights::open_lora(path), weight};
}

}  // namespace

void ModelOptions::add_to(CLI::App& app, ModelKind kind) {
  app.add_option("--model", model,
                 fmt::format("Name, folder or checkpoint (default {})", shipped_model(kind)))
      ->type_name("MODEL");
  if (kind == ModelKind::Riff) {
    app.add_option("--lora", loras, "LoRA to apply, with its weight: FILE or FILE:0.8")
        ->type_name(kFileType);
  }
  app.add_flag("--exact", exact, "Direct convolutions instead of the fast kernels (CPU)");
  app.add_flag("--low-memory", low_memory,
               "Weights in half precision, one part of the model in memory at a time");
}

models::RiffModelOptions ModelOptions::compute_options(const Globals& globals) const {
  return {.device = nn::choose_device(globals.device), .exact = exact, .low_memory = low_memory};
}

std::unique_ptr<pipelines::MusicModel> ModelOptions::open(const Globals& globals,
                                                          const Job& job) const {
  const std::filesystem::path path =
      model.empty() ? default_model(ModelKind::Riff) : weights::find_model(model);
  log::info("model {}", path.string());
  auto opened = pipelines::open_music_model(path, compute_options(globals));
  std::vector<weights::LoraUse> uses;
  for (const std::string& lora : loras) uses.push_back(lora_of(lora));
  if (!uses.empty()) opened->set_adapters(uses, job);
  return opened;
}

std::unique_ptr<pipelines::Model> ModelOptions::open(ModelKind kind, const Globals& globals,
                                                     const Job& job) const {
  const std::filesystem::path path =
      model.empty() ? default_model(kind) : weights::find_model(model);
  const ModelKind own = pipelines::kind_of(weights::open_bundle(path));
  if (own == ModelKind::Riff && kind == ModelKind::Riff) return open(globals, job);
  log::info("model {}", path.string());
  return pipelines::open_model(path, compute_options(globals));
}

}  // namespace riffle::cli
