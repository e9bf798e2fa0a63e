// SPDX-License-Identifier: GPL-3.0-or-later
// HTSAT (Chen et al. 2022, arXiv:2202.00874): CLAP's audio tower, a Swin transformer (Liu et al.
// 2021) over a log-mel spectrum whose stretches of time are stacked into a square picture.
// Configuration and parameter names are those of Hugging Face's ClapAudioEncoder, without fusion.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace riffle::models {

// Defaults are HTSAT-tiny's.
struct HtsatConfig {
  int64_t num_mel_bins = 64;
  int64_t spec_size = 256;  // side of the picture; a multiple of num_mel_bins
  int64_t patch_size = 4;
  int64_t window_size = 8;                // patches
  int64_t patch_embeds_hidden_size = 96;  // of the first stage; each stage doubles it
  std::vector<int64_t> depths = {2, 2, 6, 2};
  std::vector<int64_t> num_attention_heads = {4, 8, 16, 32};
  double mlp_ratio = 4;
  double layer_norm_eps = 1e-5;
  bool enable_patch_layer_norm = true;

  int64_t stretches() const { return spec_size / num_mel_bins; }  // of time, stacked
  int64_t frames() const { return spec_size * stretches(); }      // that a picture holds
  int64_t hidden_size() const { return patch_embeds_hidden_size << (depths.size() - 1); }

  // An audio_config object. Throws Error{BadFile, Unsupported} naming the field; fusion is
  // Unsupported.
  static HtsatConfig from_json(const Json& json, const std::string& where);
  Json to_json() const;
};

// Batch normalisation of mel bands with fixed statistics. Parameters: weight, bias, running_mean,
// running_var [bands]; the last two are measured, never trained.
class MelNorm : public nn::Layer {
 public:
  explicit MelNorm(int64_t bands);
  at::Tensor forward(const at::Tensor& x);  // [..., bands] -> same
  void reset(const at::Generator& generator) override;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
  at::Tensor running_mean_;
  at::Tensor running_var_;
};

class HtsatModel : public torch::nn::Module {
 public:
  explicit HtsatModel(const HtsatConfig& config);
  ~HtsatModel() override;

  // log_mel: [B, frames, bands] in dB, at most config.frames() of them (fewer are stretched to
  // that) -> [B, hidden_size], the mean over all places. Throws Error{InvalidArgument} for other
  // shapes, Error{Cancelled} between stages.
  at::Tensor forward(const at::Tensor& log_mel, const Job& job = {});

  const HtsatConfig& config() const { return config_; }

 private:
  struct Stage;
  HtsatConfig config_;
  std::shared_ptr<MelNorm> batch_norm_;
  std::shared_ptr<nn::Conv2d> proj_;
  std::shared_ptr<nn::LayerNorm> patch_norm_;  // may be null
  std::vector<std::shared_ptr<Stage>> stages_;
  std::shared_ptr<nn::LayerNorm> norm_;
};

}  // namespace riffle::models
