// SPDX-License-Identifier: GPL-3.0-or-later
// A model on disk: a folder in diffusers layout (model_index.json, one subfolder a part with its
// config.json and weights), or a single-file checkpoint that is made to look like one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "weights/tensor_source.h"

namespace riffle::weights {

class Bundle {
 public:
  // The folder or the file.
  const std::filesystem::path& path() const { return path_; }
  // The last component of the path, without the ending of a file.
  std::string name() const { return path_.stem().string(); }
  bool is_single_file() const { return checkpoint_ != nullptr; }

  // "_class_name" of model_index.json, e.g. "StableDiffusionPipeline".
  std::string pipeline_class() const;
  // Parts that are there, sorted: "scheduler", "text_encoder", "tokenizer", "unet", "vae", ...
  std::vector<std::string> parts() const;
  bool has(std::string_view part) const;
  // "UNet2DConditionModel"; empty when there is no such part.
  std::string class_of(std::string_view part) const;

  // The part's config.json (the scheduler's scheduler_config.json). For a single file it is worked
  // out from the weights (inferred_config.h); a file of the same name ending in .json may correct
  // it:
  // {"text_encoder": {"num_attention_heads": 4}}. Throws Error{NotFound, BadFile, Unsupported}.
  Json config(std::string_view part) const;
  // The part's weights, in the first form present of: safetensors, sharded safetensors, safetensors
  // in half precision, PyTorch. Throws Error{NotFound, BadFile, Unsupported, Io}.
  TensorSourcePtr tensors(std::string_view part) const;
  // The folder that holds the tokenizer's vocab.json and merges.txt. A single file looks beside
  // itself, in "tokenizer" and in its own folder. Throws Error{NotFound}.
  std::filesystem::path tokenizer_folder() const;
  // The object in spectrogram.json, which says how the model's pictures stand for sound. Empty when
  // there is none: the model then uses Riffusion's parameters.
  Json spectrogram() const { return beside("spectrogram.json"); }
  // The object in defaults.json: what requests that leave it open mean for this model, e.g.
  // {"guidance": 3}. Empty when there is none.
  Json defaults() const { return beside("defaults.json"); }
  // The adapter with which the model is sampled in few evaluations (few_steps.safetensors). Empty
  // when there is none.
  std::filesystem::path few_step_adapter() const;

 private:
  friend Bundle open_bundle(const std::filesystem::path& path);
  std::filesystem::path require_part(std::string_view part) const;
  Json beside(const char* name) const;

  std::filesystem::path path_;
  Json index_;                  // model_index.json, or what stands for it
  TensorSourcePtr checkpoint_;  // of a single file
};

// `path`: a folder with model_index.json, a checkpoint, or a folder with one checkpoint in it. Only
// the index is read; parts are read when asked for. Throws Error{NotFound, BadFile}.
Bundle open_bundle(const std::filesystem::path& path);

// Whether open_bundle would accept the folder or file, going by names only.
bool looks_like_bundle(const std::filesystem::path& path);

}  // namespace riffle::weights
