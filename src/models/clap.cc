// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/clap.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "models/load_module.h"
#include "weights/laion_clap.h"
#include "weights/open_weights.h"
#include "weights/safetensors.h"

namespace riffle::models {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostTokens = 77;  // what CLAP was trained with
constexpr int64_t kClipsAtOnce = 8;  // memory

struct Found {
  fs::path folder;  // of the tokenizer and of what lies beside the weights
  Json config;
  std::string where;  // of the configuration
  weights::TensorSourcePtr tensors;
  bool laion = false;
};

fs::path weights_in(const fs::path& folder) {
  for (const char* name :
       {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"}) {
    if (fs::exists(folder / name)) return folder / name;
  }
  throw Error(ErrorCode::NotFound,
              fmt::format("{}: no weights beside config.json", folder.string()),
              "expected model.safetensors or pytorch_model.bin");
}

// The one checkpoint in a folder without config.json.
fs::path only_checkpoint(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string ending = entry.path().extension().string();
    if (ending == ".pt" || ending == ".pth" || ending == ".ckpt") found.push_back(entry.path());
  }
  if (found.size() != 1) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: no CLAP model: neither config.json nor exactly one checkpoint",
                            folder.string()));
  }
  return found.front();
}

Found find_checkpoint(const fs::path& file) {
  Found found{.folder = file.parent_path(), .config = {}, .where = file.string(), .tensors = {}};
  found.tensors = weights::open_weights(file);
  found.laion = weights::is_laion_clap(*found.tensors);
  if (found.laion) found.tensors = weights::laion_clap(found.tensors);
  found.config = weights::infer_clap_config(*found.tensors);
  fs::path correction = file;
  correction.replace_extension(".json");
  if (fs::exists(correction)) found.config.merge_patch(read_json_file(correction));
  return found;
}

Found find_clap(const fs::path& path) {
  if (!fs::exists(path)) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: no such file or folder", path.string()));
  }
  if (!fs::is_directory(path)) return find_checkpoint(path);
  for (const fs::path& folder : {path, path / "clap"}) {
    const fs::path config = folder / "config.json";
    if (!fs::exists(config)) continue;
    return {folder, read_json_file(config), config.string(),
            weights::open_weights(weights_in(folder)), false};
  }
  return find_checkpoint(only_checkpoint(path));
}

ClapFeatureConfig feature_config(const Found& found) {
  const fs::path file = found.folder / kClapFeatureFile;
  ClapFeatureConfig config;
  if (fs::exists(file)) config = ClapFeatureConfig::from_json(read_json_file(file), file.string());
  config.int16_round_trip = found.laion;
  return config;
}

}  // namespace

ClapTokenizer ClapTokenizer::load(const fs::path& folder, const RobertaConfig& config) {
  if (text::WordVocabulary::is_in(folder)) {
    return ClapTokenizer(text::WordVocabulary::load(folder), config);
  }
  return ClapTokenizer(text::RobertaTokenizer::load(folder), config);
}

ClapTokenizer::ClapTokenizer(text::WordVocabulary words, const RobertaConfig& config)
    : words_(std::move(words)), config_(config) {
  const int64_t known = std::get<text::WordVocabulary>(words_).size();
  if (known > config.vocab_size) {
    throw Error(ErrorCode::BadFile,
                fmt::format("CLAP: a vocabulary of {} words for a text tower of {}", known,
                            config.vocab_size),
                "the parts of this model do not belong together");
  }
}

ClapTokenizer::ClapTokenizer(text::RobertaTokenizer bpe, const RobertaConfig& config)
    : words_(std::move(bpe)), config_(config) {}

std::vector<int64_t> ClapTokenizer::ids_of(const std::string& prompt,
                                           std::vector<std::string>* notes) const {
  const int64_t most = std::min(kMostTokens, config_.max_tokens());
  if (const auto* bpe = std::get_if<text::RobertaTokenizer>(&words_)) {
    return bpe->encode(prompt, most);
  }
  // The token that stands for the text, then its words.
  auto encoded = std::get<text::WordVocabulary>(words_).encode(prompt, most);
  if (notes != nullptr && !encoded.unknown.empty()) {
    notes->push_back(
        fmt::format("the model does not know the words: {}", fmt::join(encoded.unknown, ", ")));
  }
  if (notes != nullptr && encoded.dropped > 0) {
    notes->push_back(
        fmt::format("the prompt is too long: its last {} words were dropped", encoded.dropped));
  }
  std::vector<int64_t> ids{config_.bos_token_id};
  for (const int64_t id : encoded.ids) {
    if (id == text::WordVocabulary::kEnd) break;
    ids.push_back(id);
  }
  return ids;
}

at::Tensor ClapTokenizer::encode(std::span<const std::string> prompts,
                                 std::vector<std::string>* notes) const {
  std::vector<std::vector<int64_t>> rows;
  size_t longest = 1;
  for (const std::string& prompt : prompts) {
    rows.push_back(ids_of(prompt, notes));
    longest = std::max(longest, rows.back().size());
  }
  at::Tensor ids = at::full({static_cast<int64_t>(rows.size()), static_cast<int64_t>(longest)},
                            config_.pad_token_id, at::kLong);
  auto* row = ids.data_ptr<int64_t>();
  for (const auto& one : rows) {
    std::ranges::copy(one, row);
    row += longest;
  }
  return ids;
}

Clap::Clap(std::shared_ptr<ClapModel> model, const ClapFeatureConfig& features, at::Device device)
    : model_(std::move(model)), features_(features), device_(device), shift_(at::zeros({dim()})) {}

Clap Clap::load(const fs::path& path, at::Device device, const Job& job) {
  const Found found = find_clap(path);
  const ClapConfig config = ClapConfig::from_json(found.config, found.where);
  const ClapFeatureConfig features = feature_config(found);
  if (features.feature_size != config.audio.num_mel_bins ||
      features.clip_frames() > config.audio.frames()) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: {} frames of {} mel bands are heard, the audio tower takes up to "
                            "{} of {}",
                            found.where, features.clip_frames(), features.feature_size,
                            config.audio.frames(), config.audio.num_mel_bins),
                "preprocessor_config.json and config.json do not belong together");
  }
  auto model = std::make_shared<ClapModel>(config);
  load_module(*model, *found.tensors, {.optional = {}}, job);
  for (at::Tensor& parameter : model->parameters()) parameter.set_requires_grad(false);
  model->to(device);
  if (device.is_cpu()) nn::pack_for_inference(*model);
  Clap clap(std::move(model), features, device);
  clap.folder_ = found.folder;
  const fs::path gap = found.folder / kModalityGapFile;
  if (fs::exists(gap)) {
    const at::Tensor shift =
        weights::open_safetensors(gap).tensors->load(kModalityGapName, at::kFloat);
    if (shift.numel() != clap.dim()) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: {} values, expected {}", gap.string(),
                                                  shift.numel(), clap.dim()));
    }
    clap.shift_ = shift.reshape({clap.dim()});
  }
  return clap;
}

at::Tensor Clap::embed_features(const at::Tensor& log_mel, const Job& job) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> embeddings;
  for (int64_t i = 0; i < log_mel.size(0); i += kClipsAtOnce) {
    job.check();
    const int64_t count = std::min(kClipsAtOnce, log_mel.size(0) - i);
    embeddings.push_back(
        model_->sound(log_mel.narrow(0, i, count).to(device_), job).to(at::kCPU, at::kFloat));
  }
  return at::cat(embeddings);
}

at::Tensor Clap::embed_sound(const at::Tensor& mono, const Job& job) {
  return unit_length(embed_features(features_.clips(mono, job), job).mean(0));
}

at::Tensor Clap::embed_text(std::span<const std::string> prompts, std::vector<std::string>* notes,
                            const Job& job, bool shifted) {
  const at::NoGradGuard no_grad;
  if (prompts.empty()) return at::zeros({0, dim()});
  if (!tokenizer_) tokenizer_ = ClapTokenizer::load(folder_, model_->config().text);
  const at::Tensor ids = tokenizer_->encode(prompts, notes).to(device_);
  const at::Tensor text = model_->text(ids, job).to(at::kCPU, at::kFloat);
  return shifted ? unit_length(text + shift_) : text;
}

}  // namespace riffle::models
