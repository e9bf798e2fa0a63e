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
#include "weights/lora.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

constexpr const char* kDefaultModel = "riffle-small";

// The model that ships, else the only one there is.
std::filesystem::path default_model() {
  const auto models = weights::list_models();
  const auto shipped = std::ranges::find(models, kDefaultModel, &weights::ModelEntry::name);
  if (shipped != models.end()) return shipped->path;
  if (models.size() == 1) return models.front().path;
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

void ModelOptions::add_to(CLI::App& app) {
  app.add_option("--model", model, "Name, folder or checkpoint (default riffle-small)")
      ->type_name("MODEL");
  app.add_option("--lora", loras, "LoRA to apply, with its weight: FILE or FILE:0.8")
      ->type_name(kFileType);
  app.add_flag("--exact", exact, "Direct convolutions instead of the fast kernels (CPU)");
  app.add_flag("--low-memory", low_memory,
               "Weights in half precision, one part of the model in memory at a time");
}

std::unique_ptr<pipelines::MusicModel> ModelOptions::open(const Globals& globals,
                                                          const Job& job) const {
  const std::filesystem::path path = model.empty() ? default_model() : weights::find_model(model);
  log::info("model {}", path.string());
  auto opened = pipelines::open_music_model(
      path,
      {.device = nn::choose_device(globals.device), .exact = exact, .low_memory = low_memory});
  std::vector<weights::LoraUse> uses;
  for (const std::string& lora : loras) uses.push_back(lora_of(lora));
  if (!uses.empty()) opened->set_adapters(uses, job);
  return opened;
}

}  // namespace riffle::cli
