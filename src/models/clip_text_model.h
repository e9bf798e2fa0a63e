// SPDX-License-Identifier: GPL-3.0-or-later
// CLIPTextModel: the text tower of CLIP (Radford et al. 2021), a causal transformer over token ids.
// Configuration and parameter names are Hugging Face transformers'.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/job.h"
#include "core/json.h"
#include "nn/embeddings.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::models {

// Defaults are CLIP ViT-L/14's.
struct ClipTextConfig {
  enum class Activation { QuickGelu, Gelu };  // x sigmoid(1.702 x); exact GELU
  int64_t vocab_size = 49408;
  int64_t hidden_size = 768;
  int64_t intermediate_size = 3072;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t max_position_embeddings = 77;
  double layer_norm_eps = 1e-5;
  Activation hidden_act = Activation::QuickGelu;

  // Throws Error{BadFile, Unsupported} naming the field. Takes the text model's own object, or a
  // whole CLIP model's with a text_config inside. The many fields that belong to transformers and
  // not to the network are passed over.
  static ClipTextConfig from_json(const Json& json, const std::string& where);
};

// One pre-norm transformer layer: self_attn, layer_norm1, mlp, layer_norm2.
class ClipEncoderLayer : public torch::nn::Module {
 public:
  explicit ClipEncoderLayer(const ClipTextConfig& config);
  at::Tensor forward(const at::Tensor& x);  // [B, T, hidden] -> same

 private:
  at::Tensor attend(const at::Tensor& x);

  int64_t heads_;
  ClipTextConfig::Activation activation_;
  std::shared_ptr<nn::Linear> q_proj_;
  std::shared_ptr<nn::Linear> k_proj_;
  std::shared_ptr<nn::Linear> v_proj_;
  std::shared_ptr<nn::Linear> out_proj_;
  std::shared_ptr<nn::LayerNorm> layer_norm1_;
  std::shared_ptr<nn::Linear> fc1_;
  std::shared_ptr<nn::Linear> fc2_;
  std::shared_ptr<nn::LayerNorm> layer_norm2_;
};

class ClipTextModel : public torch::nn::Module {
 public:
  explicit ClipTextModel(const ClipTextConfig& config);

  // ids: int64 [B, T], T up to max_position_embeddings -> last hidden state after the final layer
  // norm, [B, T, hidden]. Throws Error{InvalidArgument} for another shape or an id outside the
  // vocabulary.
  at::Tensor forward(const at::Tensor& ids, const Job& job = {});

  const ClipTextConfig& config() const { return config_; }

 private:
  ClipTextConfig config_;
  std::shared_ptr<nn::Embedding> token_embedding_;
  std::shared_ptr<nn::Embedding> position_embedding_;
  std::shared_ptr<nn::ModuleList<ClipEncoderLayer>> layers_;
  std::shared_ptr<nn::LayerNorm> final_layer_norm_;
};

}  // namespace riffle::models
