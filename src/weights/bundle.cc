// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "weights/detail/weight_files.h"
#include "weights/inferred_config.h"
#include "weights/ldm_names.h"
#include "weights/open_weights.h"

namespace riffle::weights {
namespace {

namespace fs = std::filesystem;

using detail::kModelIndex;
using detail::kWeightFiles;

constexpr std::array<std::string_view, 4> kCheckpointEndings{".safetensors", ".ckpt", ".pt",
                                                             ".pth"};

// What the index of a single file would say.
Json single_file_index() {
  return {{"_class_name", "StableDiffusionPipeline"},
          {"scheduler", {"diffusers", "PNDMScheduler"}},
          {"text_encoder", {"transformers", "CLIPTextModel"}},
          {"tokenizer", {"transformers", "CLIPTokenizer"}},
          {"unet", {"diffusers", "UNet2DConditionModel"}},
          {"vae", {"diffusers", "AutoencoderKL"}}};
}

// A folder that may not be looked into has nothing in it.
bool is_there(const fs::path& path) {
  std::error_code ec;
  return fs::exists(path, ec);
}
bool is_folder(const fs::path& path) {
  std::error_code ec;
  return fs::is_directory(path, ec);
}

bool is_checkpoint_name(const fs::path& file) {
  return std::find(kCheckpointEndings.begin(), kCheckpointEndings.end(),
                   file.extension().string()) != kCheckpointEndings.end();
}

std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (entry.is_regular_file(ec) && is_checkpoint_name(entry.path()))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The checkpoint of a folder without index.
fs::path only_checkpoint(const fs::path& folder) {
  const auto found = checkpoints_in(folder);
  if (found.empty()) {
    throw Error(
        ErrorCode::BadFile,
        fmt::format("{}: no model: neither {} nor a checkpoint file", folder.string(), kModelIndex),
        "give a diffusers folder, or a .safetensors or .ckpt file");
  }
  if (found.size() > 1) {
    throw Error(
        ErrorCode::BadFile,
        fmt::format("{}: {} checkpoints, among them {} and {}", folder.string(), found.size(),
                    found[0].filename().string(), found[1].filename().string()),
        "give the path of one of them");
  }
  return found.front();
}

// The parts of an index: name -> [library, class], where a class of null means "not there".
void check_index(const Json& index, const std::string& where) {
  if (!index.is_object())
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected an object", where));
  for (const auto& [part, value] : index.items()) {
    if (!value.is_array() || part.starts_with("_")) continue;
    const bool is_plain =
        !part.empty() && part != "." && part != ".." && fs::path(part).filename() == part;
    const bool is_pair = value.size() == 2 && (value[1].is_string() || value[1].is_null());
    if (!is_plain || !is_pair) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: \"{}\" is no part of a model", where, part));
    }
  }
}

bool has_vocabulary(const fs::path& folder) {
  return is_there(folder / "vocab.json") || is_there(folder / "tokenizer.json");
}

}  // namespace

std::string Bundle::pipeline_class() const {
  return json_get_or<std::string>(index_, "_class_name", "", path_.string());
}

std::vector<std::string> Bundle::parts() const {
  std::vector<std::string> names;
  for (const auto& [part, value] : index_.items()) {
    if (has(part)) names.push_back(part);
  }
  return names;
}

bool Bundle::has(std::string_view part) const { return !class_of(part).empty(); }

std::string Bundle::class_of(std::string_view part) const {
  const auto found = index_.find(std::string(part));
  const bool there =
      found != index_.end() && found->is_array() && found->size() == 2 && (*found)[1].is_string();
  return there && !part.starts_with("_") ? (*found)[1].get<std::string>() : std::string();
}

fs::path Bundle::require_part(std::string_view part) const {
  if (!has(part)) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: the model has no {}", path_.string(), part),
                "choose a model that has one");
  }
  return path_ / part;
}

Json Bundle::config(std::string_view part) const {
  const fs::path folder = require_part(part);
  if (!is_single_file()) {
    return read_json_file(folder / (part == "scheduler" ? "scheduler_config.json" : "config.json"));
  }
  Json config =
      part == "scheduler" ? default_scheduler_config() : infer_config(*tensors(part), part);
  const fs::path correction = fs::path(path_).replace_extension(".json");
  if (is_there(correction)) {
    const Json all = read_json_file(correction);
    const auto own = all.find(std::string(part));
    if (own != all.end() && own->is_object()) config.update(*own);
  }
  if (part == "text_encoder" && !config.contains("num_attention_heads")) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("{}: the number of attention heads of its text encoder cannot be told "
                            "from its width {}",
                            path_.string(), config["hidden_size"].get<int64_t>()),
                fmt::format("write {{\"text_encoder\": {{\"num_attention_heads\": N}}}} to {}",
                            correction.string()));
  }
  return config;
}

TensorSourcePtr Bundle::tensors(std::string_view part) const {
  const fs::path folder = require_part(part);
  if (is_single_file()) return ldm_part(checkpoint_, part);
  for (const std::string_view file : kWeightFiles) {
    if (is_there(folder / file)) return open_weights(folder / file);
  }
  throw Error(
      ErrorCode::NotFound,
      fmt::format("{}: no weights there (looked for {}, {} and {} other names)", folder.string(),
                  kWeightFiles[0], kWeightFiles[1], kWeightFiles.size() - 2),
      "the download may be incomplete: try `riffle models pull` again");
}

fs::path Bundle::tokenizer_folder() const {
  const fs::path base = is_single_file() ? path_.parent_path() : path_;
  for (const fs::path& folder : {base / "tokenizer", base}) {
    if (has_vocabulary(folder)) return folder;
  }
  throw Error(ErrorCode::NotFound,
              fmt::format("{}: no tokenizer (vocab.json and merges.txt) in {} or {}",
                          path_.string(), (base / "tokenizer").string(), base.string()),
              "copy the folder \"tokenizer\" of a Stable Diffusion 1 model there");
}

Json Bundle::beside(const char* name) const {
  const fs::path base = is_single_file() ? path_.parent_path() : path_;
  const fs::path file = base / name;
  Json params = is_there(file) ? read_json_file(file) : Json::object();
  if (!params.is_object()) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected an object", file.string()));
  }
  return params;
}

fs::path Bundle::few_step_adapter() const {
  const fs::path file = path_ / "few_steps.safetensors";
  return !is_single_file() && is_there(file) ? file : fs::path();
}

Bundle open_bundle(const fs::path& path) {
  if (!is_there(path)) {
    throw Error(ErrorCode::NotFound, fmt::format("model {}: no such folder or file", path.string()),
                "see `riffle models list`");
  }
  Bundle bundle;
  bundle.path_ = path.has_filename() ? path : path.parent_path();  // "model/" is "model"
  if (is_folder(path) && is_there(path / kModelIndex)) {
    bundle.index_ = read_json_file(path / kModelIndex);
    check_index(bundle.index_, (path / kModelIndex).string());
    return bundle;
  }
  if (is_folder(path)) bundle.path_ = only_checkpoint(path);
  bundle.index_ = single_file_index();
  bundle.checkpoint_ = open_weights(bundle.path_);
  if (!is_ldm_checkpoint(*bundle.checkpoint_)) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: weights, but not of a whole model (no "
                            "\"model.diffusion_model...\" among its {} tensors)",
                            bundle.path_.string(), bundle.checkpoint_->tensors().size()),
                "give the folder the file belongs to");
  }
  return bundle;
}

bool looks_like_bundle(const fs::path& path) {
  std::error_code ec;
  if (is_folder(path)) return is_there(path / kModelIndex) || checkpoints_in(path).size() == 1;
  return fs::is_regular_file(path, ec) && is_checkpoint_name(path);
}

}  // namespace riffle::weights
