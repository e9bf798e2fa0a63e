// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/clip_text_model.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/sigmoid.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "models/config_reader.h"
#include "nn/attention.h"

namespace riffle::models {

ClipTextConfig ClipTextConfig::from_json(const Json& json, const std::string& where) {
  if (json.is_object() && json.contains("text_config") && json.at("text_config").is_object()) {
    return from_json(json.at("text_config"), where + ", text_config");
  }
  ConfigReader reader(json, where);
  reader.choice("model_type", "clip_text_model", {"clip_text_model", "clip"});
  ClipTextConfig c;
  c.vocab_size = reader.integer("vocab_size", c.vocab_size, 1, 1 << 24);
  c.hidden_size = reader.integer("hidden_size", c.hidden_size, 1, 16384);
  c.intermediate_size = reader.integer("intermediate_size", c.intermediate_size, 1, 65536);
  c.num_hidden_layers = reader.integer("num_hidden_layers", c.num_hidden_layers, 1, 256);
  c.num_attention_heads = reader.integer("num_attention_heads", c.num_attention_heads, 1, 1024);
  c.max_position_embeddings =
      reader.integer("max_position_embeddings", c.max_position_embeddings, 1, 65536);
  c.layer_norm_eps = reader.number("layer_norm_eps", c.layer_norm_eps);
  if (c.hidden_size % c.num_attention_heads != 0) {
    reader.bad("num_attention_heads", fmt::format("a divisor of hidden_size {}", c.hidden_size));
  }
  const std::string act = reader.choice("hidden_act", "quick_gelu", {"quick_gelu", "gelu"});
  c.hidden_act = act == "gelu" ? Activation::Gelu : Activation::QuickGelu;
  return c;
}

ClipEncoderLayer::ClipEncoderLayer(const ClipTextConfig& config)
    : heads_(config.num_attention_heads), activation_(config.hidden_act) {
  const int64_t hidden = config.hidden_size;
  const auto attention = register_module("self_attn", std::make_shared<torch::nn::Module>());
  q_proj_ = attention->register_module("q_proj", std::make_shared<nn::Linear>(hidden, hidden));
  k_proj_ = attention->register_module("k_proj", std::make_shared<nn::Linear>(hidden, hidden));
  v_proj_ = attention->register_module("v_proj", std::make_shared<nn::Linear>(hidden, hidden));
  out_proj_ = attention->register_module("out_proj", std::make_shared<nn::Linear>(hidden, hidden));
  layer_norm1_ = register_module("layer_norm1",
                                 std::make_shared<nn::LayerNorm>(hidden, config.layer_norm_eps));
  const auto mlp = register_module("mlp", std::make_shared<torch::nn::Module>());
  fc1_ =
      mlp->register_module("fc1", std::make_shared<nn::Linear>(hidden, config.intermediate_size));
  fc2_ =
      mlp->register_module("fc2", std::make_shared<nn::Linear>(config.intermediate_size, hidden));
  layer_norm2_ = register_module("layer_norm2",
                                 std::make_shared<nn::LayerNorm>(hidden, config.layer_norm_eps));
}

at::Tensor ClipEncoderLayer::attend(const at::Tensor& x) {
  return out_proj_->forward(nn::attention(q_proj_->forward(x), k_proj_->forward(x),
                                          v_proj_->forward(x), {.heads = heads_, .causal = true}));
}

at::Tensor ClipEncoderLayer::forward(const at::Tensor& x) {
  const at::Tensor h = x + attend(layer_norm1_->forward(x));
  const at::Tensor wide = fc1_->forward(layer_norm2_->forward(h));
  const bool quick = activation_ == ClipTextConfig::Activation::QuickGelu;
  return h + fc2_->forward(quick ? wide * at::sigmoid(1.702 * wide) : at::gelu(wide));
}

ClipTextModel::ClipTextModel(const ClipTextConfig& config) : config_(config) {
  const int64_t hidden = config.hidden_size;
  const auto text_model = register_module("text_model", std::make_shared<torch::nn::Module>());
  const auto embeddings =
      text_model->register_module("embeddings", std::make_shared<torch::nn::Module>());
  token_embedding_ = embeddings->register_module(
      "token_embedding", std::make_shared<nn::Embedding>(config.vocab_size, hidden));
  position_embedding_ = embeddings->register_module(
      "position_embedding",
      std::make_shared<nn::Embedding>(config.max_position_embeddings, hidden));
  const auto encoder =
      text_model->register_module("encoder", std::make_shared<torch::nn::Module>());
  layers_ =
      encoder->register_module("layers", std::make_shared<nn::ModuleList<ClipEncoderLayer>>());
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers_->add(config);
  final_layer_norm_ = text_model->register_module(
      "final_layer_norm", std::make_shared<nn::LayerNorm>(hidden, config.layer_norm_eps));
}

at::Tensor ClipTextModel::forward(const at::Tensor& ids, const Job& job) {
  if (ids.dim() != 2 || ids.numel() == 0 || ids.size(1) > config_.max_position_embeddings) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("ClipTextModel: ids: expected [B, T] with T up to {}, got [{}]",
                            config_.max_position_embeddings, fmt::join(ids.sizes(), ", ")));
  }
  const auto lowest = ids.min().item<int64_t>();
  const auto highest = ids.max().item<int64_t>();
  if (lowest < 0 || highest >= config_.vocab_size) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("ClipTextModel: ids: expected 0 to {}, got {} to {}",
                            config_.vocab_size - 1, lowest, highest),
                "the tokenizer and the text encoder do not belong together");
  }
  const at::Tensor positions = at::arange(ids.size(1), ids.options());
  at::Tensor x = token_embedding_->forward(ids) + position_embedding_->forward(positions);
  for (const auto& layer : *layers_) {
    job.check();
    x = layer->forward(x);
  }
  return final_layer_norm_->forward(x);
}

}  // namespace riffle::models
