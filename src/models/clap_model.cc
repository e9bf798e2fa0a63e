// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/clap_model.h"

#include <ATen/ops/relu.h>

#include <cmath>

#include "models/config_reader.h"

namespace riffle::models {
namespace {

constexpr double kFirstTemperature = 0.07;
constexpr double kLeastNorm = 1e-12;

Json part_of(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json.at(key).is_object() ? json.at(key)
                                                                            : Json::object();
}

}  // namespace

at::Tensor unit_length(const at::Tensor& x) {
  return x / x.norm(2, -1, /*keepdim=*/true).clamp_min(kLeastNorm);
}

ClapConfig ClapConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  reader.choice("model_type", "clap", {"clap"});
  reader.choice("projection_hidden_act", "relu", {"relu"});
  ClapConfig c;
  c.projection_dim = reader.integer("projection_dim", c.projection_dim, 1, 16384);
  c.audio = HtsatConfig::from_json(part_of(json, "audio_config"), where + ", audio_config");
  c.text = RobertaConfig::from_json(part_of(json, "text_config"), where + ", text_config");
  return c;
}

Json ClapConfig::to_json() const {
  Json json{{"model_type", "clap"},
            {"architectures", {"ClapModel"}},
            {"projection_dim", projection_dim},
            {"projection_hidden_act", "relu"},
            {"audio_config", audio.to_json()},
            {"text_config", text.to_json()}};
  for (const char* part : {"audio_config", "text_config"}) {
    json[part]["projection_dim"] = projection_dim;
    json[part]["projection_hidden_act"] = "relu";
  }
  return json;
}

ClapProjection::ClapProjection(int64_t in_features, int64_t dim) {
  linear1_ = register_module("linear1", std::make_shared<nn::Linear>(in_features, dim));
  linear2_ = register_module("linear2", std::make_shared<nn::Linear>(dim, dim));
}

at::Tensor ClapProjection::forward(const at::Tensor& x) {
  return linear2_->forward(at::relu(linear1_->forward(x)));
}

ClapModel::ClapModel(const ClapConfig& config) : config_(config) {
  logit_scale_a_ = add_parameter("logit_scale_a", {});
  logit_scale_t_ = add_parameter("logit_scale_t", {});
  text_ = register_module("text_model", std::make_shared<RobertaModel>(config.text));
  text_projection_ = register_module(
      "text_projection",
      std::make_shared<ClapProjection>(config.text.hidden_size, config.projection_dim));
  const auto audio_model = register_module("audio_model", std::make_shared<torch::nn::Module>());
  audio_ =
      audio_model->register_module("audio_encoder", std::make_shared<HtsatModel>(config.audio));
  audio_projection_ = register_module(
      "audio_projection",
      std::make_shared<ClapProjection>(config.audio.hidden_size(), config.projection_dim));
}

at::Tensor ClapModel::sound(const at::Tensor& log_mel, const Job& job) {
  return unit_length(audio_projection_->forward(audio_->forward(log_mel, job)));
}

at::Tensor ClapModel::text(const at::Tensor& ids, const Job& job) {
  return unit_length(text_projection_->forward(text_->forward(ids, job)));
}

void ClapModel::reset(const at::Generator& /*generator*/) {
  fill(logit_scale_a_, -std::log(kFirstTemperature));
  fill(logit_scale_t_, -std::log(kFirstTemperature));
}

}  // namespace riffle::models
