// SPDX-License-Identifier: GPL-3.0-or-later
// CLAP (Wu et al. 2023, arXiv:2211.06687): sound and text as vectors in one space. The network;
// what makes its inputs out of sound and words is in clap.h. Configuration and parameter names are
// those of Hugging Face's ClapModel.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/job.h"
#include "core/json.h"
#include "models/htsat.h"
#include "models/roberta.h"

namespace riffle::models {

struct ClapConfig {
  HtsatConfig audio{};
  RobertaConfig text{};
  int64_t projection_dim = 512;  // of the common space

  // Throws Error{BadFile, Unsupported} naming the field. The many fields that belong to
  // transformers and not to the network are passed over.
  static ClapConfig from_json(const Json& json, const std::string& where);
  Json to_json() const;
};

// linear1, ReLU, linear2.
class ClapProjection : public torch::nn::Module {
 public:
  ClapProjection(int64_t in_features, int64_t dim);
  at::Tensor forward(const at::Tensor& x);  // [B, in] -> [B, dim]

 private:
  std::shared_ptr<nn::Linear> linear1_;
  std::shared_ptr<nn::Linear> linear2_;
};

// Vectors, [..., dim], brought to length 1; zeros stay zeros.
at::Tensor unit_length(const at::Tensor& x);

class ClapModel : public nn::Layer {
 public:
  explicit ClapModel(const ClapConfig& config);

  // log_mel: [B, frames, bands] as ClapFeatures makes it -> [B, dim], unit length.
  at::Tensor sound(const at::Tensor& log_mel, const Job& job = {});
  // ids: int64 [B, T] -> [B, dim], unit length.
  at::Tensor text(const at::Tensor& ids, const Job& job = {});

  // Logarithms of what cosines are multiplied with in training, one a direction; scalars.
  const at::Tensor& logit_scale_a() const { return logit_scale_a_; }  // from sound to text
  const at::Tensor& logit_scale_t() const { return logit_scale_t_; }

  const ClapConfig& config() const { return config_; }
  void reset(const at::Generator& generator) override;

 private:
  ClapConfig config_;
  at::Tensor logit_scale_a_;
  at::Tensor logit_scale_t_;
  std::shared_ptr<HtsatModel> audio_;
  std::shared_ptr<RobertaModel> text_;
  std::shared_ptr<ClapProjection> audio_projection_;
  std::shared_ptr<ClapProjection> text_projection_;
};

}  // namespace riffle::models
