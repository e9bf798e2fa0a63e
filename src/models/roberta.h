// SPDX-License-Identifier: GPL-3.0-or-later
// RoBERTa (Liu et al. 2019, arXiv:1907.11692): CLAP's text tower, a post-norm transformer whose
// first token stands for the whole text. Configuration and parameter names are those of Hugging
// Face's ClapTextModel.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/job.h"
#include "core/json.h"
#include "nn/embeddings.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::models {

// Defaults are RoBERTa-base's, as CLAP has it.
struct RobertaConfig {
  int64_t vocab_size = 50265;
  int64_t hidden_size = 768;
  int64_t intermediate_size = 3072;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t max_position_embeddings = 514;
  int64_t type_vocab_size = 1;
  int64_t pad_token_id = 1;
  int64_t bos_token_id = 0;  // of the token that stands for the text
  int64_t eos_token_id = 2;
  double layer_norm_eps = 1e-12;

  // Positions are counted from behind the padding's.
  int64_t max_tokens() const { return max_position_embeddings - pad_token_id - 1; }

  // A text_config object. Throws Error{BadFile, Unsupported} naming the field.
  static RobertaConfig from_json(const Json& json, const std::string& where);
  Json to_json() const;
};

class RobertaModel : public torch::nn::Module {
 public:
  explicit RobertaModel(const RobertaConfig& config);
  ~RobertaModel() override;

  // ids: int64 [B, T], T up to max_tokens(); those equal to pad_token_id at the end of a row are
  // not looked at -> [B, hidden]: tanh of a linear layer on the first token's last state. Throws
  // Error{InvalidArgument} for another shape or an id outside the vocabulary.
  at::Tensor forward(const at::Tensor& ids, const Job& job = {});

  const RobertaConfig& config() const { return config_; }

 private:
  struct Block;
  void check(const at::Tensor& ids) const;

  RobertaConfig config_;
  std::shared_ptr<nn::Embedding> words_;
  std::shared_ptr<nn::Embedding> positions_;
  std::shared_ptr<nn::Embedding> types_;
  std::shared_ptr<nn::LayerNorm> norm_;
  std::vector<std::shared_ptr<Block>> blocks_;
  std::shared_ptr<nn::Linear> pooler_;
};

}  // namespace riffle::models
