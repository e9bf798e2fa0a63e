// SPDX-License-Identifier: GPL-3.0-or-later
// CLAP as a whole: sound and sentences to vectors that lie close together where they mean the same.
// Hugging Face's folders, LAION's checkpoints, and models that riffle train clap made.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/job.h"
#include "models/clap_features.h"
#include "models/clap_model.h"
#include "text/roberta_tokenizer.h"
#include "text/word_vocabulary.h"

namespace riffle::models {

// Prompts as rows of token ids.
class ClapTokenizer {
 public:
  // The folder's word vocabulary (text/word_vocabulary.h), or RoBERTa's byte-pair encoding. Throws
  // Error{NotFound, BadFile}.
  static ClapTokenizer load(const std::filesystem::path& folder, const RobertaConfig& config);
  ClapTokenizer(text::WordVocabulary words, const RobertaConfig& config);

  // int64 [B, T], T the longest prompt's, padded. Words that are not known or do not fit are told
  // in `notes`, which may be null. Throws Error{InvalidArgument} for text that is not UTF-8.
  at::Tensor encode(std::span<const std::string> prompts, std::vector<std::string>* notes) const;

 private:
  ClapTokenizer(text::RobertaTokenizer bpe, const RobertaConfig& config);
  std::vector<int64_t> ids_of(const std::string& prompt, std::vector<std::string>* notes) const;

  std::variant<text::WordVocabulary, text::RobertaTokenizer> words_;
  RobertaConfig config_;
};

class Clap {
 public:
  // `path`: a folder with config.json, weights and tokenizer, or with the part "clap" in it; or a
  // checkpoint (LAION's .pt), beside which the tokenizer's files may lie, and a file of the same
  // name ending in .json that corrects the configuration worked out from the weights. Throws
  // Error{NotFound, BadFile, Unsupported}.
  static Clap load(const std::filesystem::path& path, at::Device device = at::kCPU,
                   const Job& job = {});

  int64_t dim() const { return model_->config().projection_dim; }
  int sample_rate() const { return static_cast<int>(features_.config().sampling_rate); }

  // mono: [samples] at sample_rate(), any length above 0 -> [dim], unit length, float32 on the CPU.
  // Of more than a clip's ten seconds: the mean of evenly spaced clips, brought to unit length.
  at::Tensor embed_sound(const at::Tensor& mono, const Job& job = {});
  // Several at once: features as ClapFeatures::clips makes them, [B, frames, bands] -> [B, dim].
  at::Tensor embed_features(const at::Tensor& log_mel, const Job& job = {});

  // -> [B, dim], unit length, float32 on the CPU. What was passed over is told in `notes`, which
  // may be null. shifted: moved by text_to_sound_shift, so that it lies where sounds lie, and
  // brought to unit length again. Throws Error{NotFound} where there is no tokenizer.
  at::Tensor embed_text(std::span<const std::string> prompts,
                        std::vector<std::string>* notes = nullptr, const Job& job = {},
                        bool shifted = false);

  // [dim]: the mean embedding of sounds minus that of their captions, measured in training
  // (modality_gap.safetensors); zeros where it was not.
  const at::Tensor& text_to_sound_shift() const { return shift_; }
  const ClapFeatures& features() const { return features_; }

 private:
  Clap(std::shared_ptr<ClapModel> model, const ClapFeatureConfig& features, at::Device device);

  std::shared_ptr<ClapModel> model_;
  ClapFeatures features_;
  at::Device device_;
  std::filesystem::path folder_;            // of the tokenizer
  std::optional<ClapTokenizer> tokenizer_;  // loaded when first wanted
  at::Tensor shift_;
};

// Names of files in a CLAP folder, as transformers calls them and as training adds to them.
inline constexpr const char* kClapFeatureFile = "preprocessor_config.json";
inline constexpr const char* kModalityGapFile = "modality_gap.safetensors";
inline constexpr const char* kModalityGapName = "text_to_sound_shift";

}  // namespace riffle::models
