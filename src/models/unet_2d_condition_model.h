// SPDX-License-Identifier: GPL-3.0-or-later
// UNet2DConditionModel: predicts the noise in a picture's latents from the latents, the time step
// and the prompt (Rombach et al. 2022). Configuration and parameter names are diffusers'.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "models/step_cache.h"
#include "nn/embeddings.h"
#include "nn/unet_blocks.h"

namespace riffle::models {

// Defaults are Stable Diffusion 1.5's. Lists have one entry a level, finest first.
struct UNet2DConditionConfig {
  int64_t sample_size = 64;  // latent side the model was trained at; others work
  int64_t in_channels = 4;
  int64_t out_channels = 4;
  bool center_input_sample = false;
  bool flip_sin_to_cos = true;
  double freq_shift = 0;
  std::vector<bool> down_attention = {true, true, true,
                                      false};  // CrossAttnDownBlock2D or DownBlock2D
  std::vector<bool> up_attention = {false, true, true, true};  // coarsest first, as in the file
  bool mid_block = true;
  std::vector<int64_t> block_out_channels = {320, 640, 1280, 1280};
  std::vector<int64_t> layers_per_block = {2, 2, 2, 2};
  std::vector<int64_t> heads = {8, 8, 8, 8};
  std::vector<int64_t> transformer_layers_per_block = {1, 1, 1, 1};
  int64_t cross_attention_dim = 768;
  bool use_linear_projection = false;
  int64_t downsample_padding = 1;
  double mid_block_scale_factor = 1;
  int64_t norm_num_groups = 32;
  double norm_eps = 1e-5;
  // diffusers' class_embed_type "projection": so many features of a summary of what is asked for,
  // added to the time embedding. 0: none.
  int64_t projection_class_embeddings_input_dim = 0;

  // Throws Error{BadFile} for values that make no sense and Error{Unsupported} for an architecture
  // that is not implemented; both name the field.
  static UNet2DConditionConfig from_json(const Json& json, const std::string& where);
};

class UNet2DConditionModel : public torch::nn::Module {
 public:
  explicit UNet2DConditionModel(const UNet2DConditionConfig& config);

  // sample: [B, in_channels, H, W]; timesteps: [B] or [1], any real type; context: [B, T,
  // cross_attention_dim]; summary: [B, projection_class_embeddings_input_dim], undefined where that
  // is 0 -> [B, out_channels, H, W]. Any H and W. Throws Error{InvalidArgument} for shapes that do
  // not fit together and Error{Cancelled} between layers. `cache` may be null.
  at::Tensor forward(const at::Tensor& sample, const at::Tensor& timesteps,
                     const at::Tensor& context, const Job& job = {}, StepCache* cache = nullptr,
                     const at::Tensor& summary = {});

  const UNet2DConditionConfig& config() const { return config_; }

 private:
  void build_down_blocks();
  void build_up_blocks();
  nn::UnetBlockOptions block_options(size_t level, bool attention) const;
  void check_shapes(const at::Tensor& sample, const at::Tensor& timesteps,
                    const at::Tensor& context) const;
  void check_summary(const at::Tensor& sample, const at::Tensor& summary) const;
  nn::UnetCondition embed(const at::Tensor& sample, const at::Tensor& timesteps,
                          const at::Tensor& context, const at::Tensor& summary);
  // From conv_in's output to the input of layer `last_layer` of the finest up block, by way of all
  // coarser levels. Leaves the skips which that layer and those after it take.
  at::Tensor run_deep(at::Tensor x, const nn::UnetCondition& condition, int64_t last_layer,
                      std::vector<at::Tensor>& skips);

  UNet2DConditionConfig config_;
  std::shared_ptr<nn::Conv2d> conv_in_;
  std::shared_ptr<nn::TimestepEmbedding> time_embedding_;
  std::shared_ptr<nn::TimestepEmbedding> class_embedding_;  // null without a summary
  std::shared_ptr<nn::ModuleList<nn::UnetDownBlock>> down_blocks_;
  std::shared_ptr<nn::ModuleList<nn::UnetUpBlock>> up_blocks_;
  std::shared_ptr<nn::UnetMidBlock> mid_block_;  // null where the configuration has none
  std::shared_ptr<nn::GroupNorm> conv_norm_out_;
  std::shared_ptr<nn::Conv2d> conv_out_;
};

}  // namespace riffle::models
