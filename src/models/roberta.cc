// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/roberta.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/error.h"
#include "models/config_reader.h"

namespace riffle::models {
namespace {

constexpr double kHidden = -1e9;  // added to the scores of padding

std::shared_ptr<torch::nn::Module> holder(torch::nn::Module& in, const char* name) {
  return in.register_module(name, std::make_shared<torch::nn::Module>());
}

std::shared_ptr<nn::Linear> linear(torch::nn::Module& in, const char* name, int64_t from,
                                   int64_t to) {
  return in.register_module(name, std::make_shared<nn::Linear>(from, to));
}

}  // namespace

RobertaConfig RobertaConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  reader.choice("model_type", "clap_text_model", {"clap_text_model", "roberta"});
  RobertaConfig c;
  c.vocab_size = reader.integer("vocab_size", c.vocab_size, 1, 1 << 24);
  c.hidden_size = reader.integer("hidden_size", c.hidden_size, 1, 16384);
  c.intermediate_size = reader.integer("intermediate_size", c.intermediate_size, 1, 65536);
  c.num_hidden_layers = reader.integer("num_hidden_layers", c.num_hidden_layers, 1, 256);
  c.num_attention_heads = reader.integer("num_attention_heads", c.num_attention_heads, 1, 1024);
  c.max_position_embeddings =
      reader.integer("max_position_embeddings", c.max_position_embeddings, 2, 65536);
  c.type_vocab_size = reader.integer("type_vocab_size", c.type_vocab_size, 1, 1024);
  c.pad_token_id = reader.integer("pad_token_id", c.pad_token_id, 0, c.vocab_size - 1);
  c.bos_token_id = reader.integer("bos_token_id", c.bos_token_id, 0, c.vocab_size - 1);
  c.eos_token_id = reader.integer("eos_token_id", c.eos_token_id, 0, c.vocab_size - 1);
  c.layer_norm_eps = reader.number("layer_norm_eps", c.layer_norm_eps);
  reader.choice("hidden_act", "gelu", {"gelu"});
  reader.choice("position_embedding_type", "absolute", {"absolute"});
  if (c.hidden_size % c.num_attention_heads != 0) {
    reader.bad("num_attention_heads", fmt::format("a divisor of hidden_size {}", c.hidden_size));
  }
  if (c.max_tokens() < 2) {
    reader.bad("max_position_embeddings", "room for two tokens behind the padding's position");
  }
  return c;
}

Json RobertaConfig::to_json() const {
  return {{"model_type", "clap_text_model"},
          {"vocab_size", vocab_size},
          {"hidden_size", hidden_size},
          {"intermediate_size", intermediate_size},
          {"num_hidden_layers", num_hidden_layers},
          {"num_attention_heads", num_attention_heads},
          {"max_position_embeddings", max_position_embeddings},
          {"type_vocab_size", type_vocab_size},
          {"pad_token_id", pad_token_id},
          {"bos_token_id", bos_token_id},
          {"eos_token_id", eos_token_id},
          {"layer_norm_eps", layer_norm_eps},
          {"hidden_act", "gelu"},
          {"position_embedding_type", "absolute"}};
}

// Parameters: attention.self.{query, key, value}, attention.output.{dense, LayerNorm},
// intermediate.dense, output.{dense, LayerNorm}.
struct RobertaModel::Block : torch::nn::Module {
  explicit Block(const RobertaConfig& config) : heads(config.num_attention_heads) {
    const int64_t width = config.hidden_size;
    const auto attention = holder(*this, "attention");
    const auto self = holder(*attention, "self");
    query = linear(*self, "query", width, width);
    key = linear(*self, "key", width, width);
    value = linear(*self, "value", width, width);
    const auto attention_output = holder(*attention, "output");
    mixed = linear(*attention_output, "dense", width, width);
    attention_norm = attention_output->register_module(
        "LayerNorm", std::make_shared<nn::LayerNorm>(width, config.layer_norm_eps));
    widen = linear(*holder(*this, "intermediate"), "dense", width, config.intermediate_size);
    const auto output = holder(*this, "output");
    narrow = linear(*output, "dense", config.intermediate_size, width);
    output_norm = output->register_module(
        "LayerNorm", std::make_shared<nn::LayerNorm>(width, config.layer_norm_eps));
  }

  // x: [B, T, width], hidden: [B, 1, 1, T] -> [B, T, width]
  at::Tensor attend(const at::Tensor& x, const at::Tensor& hidden) const {
    const int64_t batch = x.size(0);
    const int64_t length = x.size(1);
    const int64_t each = x.size(2) / heads;
    const auto split = [&](const at::Tensor& y) {
      return y.view({batch, length, heads, each}).transpose(1, 2).reshape({-1, length, each});
    };
    const at::Tensor q = split(query->forward(x)) * (1 / std::sqrt(static_cast<double>(each)));
    const at::Tensor scores =
        at::bmm(q, split(key->forward(x)).transpose(1, 2)).view({batch, heads, length, length});
    const at::Tensor shares = at::softmax(scores + hidden, -1).view({-1, length, length});
    return at::bmm(shares, split(value->forward(x)))
        .view({batch, heads, length, each})
        .transpose(1, 2)
        .reshape(x.sizes());
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& hidden) const {
    const at::Tensor h = attention_norm->forward(mixed->forward(attend(x, hidden), x));
    return output_norm->forward(narrow->forward(at::gelu(widen->forward(h)), h));
  }

  int64_t heads;
  std::shared_ptr<nn::Linear> query;
  std::shared_ptr<nn::Linear> key;
  std::shared_ptr<nn::Linear> value;
  std::shared_ptr<nn::Linear> mixed;
  std::shared_ptr<nn::LayerNorm> attention_norm;
  std::shared_ptr<nn::Linear> widen;
  std::shared_ptr<nn::Linear> narrow;
  std::shared_ptr<nn::LayerNorm> output_norm;
};

RobertaModel::RobertaModel(const RobertaConfig& config) : config_(config) {
  const int64_t width = config.hidden_size;
  const auto embeddings = holder(*this, "embeddings");
  const auto table = [&](const char* name, int64_t count) {
    return embeddings->register_module(name, std::make_shared<nn::Embedding>(count, width));
  };
  words_ = table("word_embeddings", config.vocab_size);
  positions_ = table("position_embeddings", config.max_position_embeddings);
  types_ = table("token_type_embeddings", config.type_vocab_size);
  norm_ = embeddings->register_module(
      "LayerNorm", std::make_shared<nn::LayerNorm>(width, config.layer_norm_eps));
  const auto layers = holder(*holder(*this, "encoder"), "layer");
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    blocks_.push_back(layers->register_module(std::to_string(i), std::make_shared<Block>(config)));
  }
  pooler_ = linear(*holder(*this, "pooler"), "dense", width, width);
}

RobertaModel::~RobertaModel() = default;

void RobertaModel::check(const at::Tensor& ids) const {
  if (ids.dim() != 2 || ids.numel() == 0 || ids.size(1) > config_.max_tokens()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("RoBERTa: ids: expected [B, T] with T up to {}, got [{}]",
                            config_.max_tokens(), fmt::join(ids.sizes(), ", ")));
  }
  const auto lowest = ids.min().item<int64_t>();
  const auto highest = ids.max().item<int64_t>();
  if (lowest < 0 || highest >= config_.vocab_size) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("RoBERTa: ids: expected 0 to {}, got {} to {}", config_.vocab_size - 1,
                            lowest, highest),
                "the tokenizer may belong to another model");
  }
}

at::Tensor RobertaModel::forward(const at::Tensor& ids, const Job& job) {
  check(ids);
  const at::Tensor told = ids.ne(config_.pad_token_id).to(at::kLong);
  const at::Tensor places = told.cumsum(1) * told + config_.pad_token_id;
  const at::Tensor hidden = (1 - told).to(at::kFloat).mul(kHidden).unsqueeze(1).unsqueeze(1);
  at::Tensor x = norm_->forward(words_->forward(ids) + types_->forward(at::zeros_like(ids)) +
                                positions_->forward(places));
  for (const auto& block : blocks_) {
    job.check();
    x = block->forward(x, hidden);
  }
  return at::tanh(pooler_->forward(x.select(1, 0).contiguous()));
}

}  // namespace riffle::models
