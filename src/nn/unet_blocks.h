// SPDX-License-Identifier: GPL-3.0-or-later
// The down, middle and up blocks of UNet2DConditionModel, with or without attention, with
// diffusers' parameter names (resnets.N, attentions.N, downsamplers.0, upsamplers.0).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/job.h"
#include "nn/resnet.h"
#include "nn/transformer.h"

namespace riffle::nn {

struct UnetBlockOptions {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t skip_channels =
      0;  // up blocks: channels of the last skip taken, the input of the matching down block
  int64_t layers = 2;    // ResNet blocks (and transformers)
  bool resample = true;  // ends in a down- or upsampler
  int64_t downsample_padding = 1;
  int64_t time_features = 0;
  int64_t norm_groups = 32;
  double norm_epsilon = 1e-5;
  double output_scale_factor = 1;
  int64_t heads = 0;  // 0: no attention
  int64_t transformer_layers = 1;
  int64_t context_features = 0;
  bool linear_projection = false;
};

// What every block of one forward pass is given beside its input.
struct UnetCondition {
  at::Tensor time;     // [B, time_features], after SiLU
  at::Tensor context;  // [B, T, context_features]
  Job job{};           // checked before every layer
};

// DownBlock2D and CrossAttnDownBlock2D. Appends what the up blocks will want to `skips`: the output
// of every layer and of the downsampler.
class UnetDownBlock : public torch::nn::Module {
 public:
  explicit UnetDownBlock(const UnetBlockOptions& options);
  at::Tensor forward(at::Tensor x, const UnetCondition& condition, std::vector<at::Tensor>& skips);
  // Only the first `count` layers, without the downsampler.
  at::Tensor run_first(int64_t count, at::Tensor x, const UnetCondition& condition,
                       std::vector<at::Tensor>& skips);

 private:
  std::shared_ptr<ModuleList<ResnetBlock2D>> resnets_;
  std::shared_ptr<ModuleList<Transformer2D>> attentions_;
  std::shared_ptr<ModuleList<Downsample2D>> downsamplers_;
};

// UNetMidBlock2DCrossAttn: a ResNet block, then `layers` times transformer and ResNet block.
class UnetMidBlock : public torch::nn::Module {
 public:
  explicit UnetMidBlock(const UnetBlockOptions& options);
  at::Tensor forward(at::Tensor x, const UnetCondition& condition);

 private:
  std::shared_ptr<ModuleList<ResnetBlock2D>> resnets_;
  std::shared_ptr<ModuleList<Transformer2D>> attentions_;
};

// UpBlock2D and CrossAttnUpBlock2D. Takes one skip from the back of `skips` for each layer. The
// upsampler makes the size `size`, or twice the input where none is given.
class UnetUpBlock : public torch::nn::Module {
 public:
  explicit UnetUpBlock(const UnetBlockOptions& options);
  at::Tensor forward(at::Tensor x, const UnetCondition& condition, std::vector<at::Tensor>& skips,
                     std::optional<PictureSize> size);
  // Only layers first .. last, without the upsampler.
  at::Tensor run_layers(int64_t first, int64_t last, at::Tensor x, const UnetCondition& condition,
                        std::vector<at::Tensor>& skips);
  int64_t layers() const { return static_cast<int64_t>(resnets_->size()); }

 private:
  std::shared_ptr<ModuleList<ResnetBlock2D>> resnets_;
  std::shared_ptr<ModuleList<Transformer2D>> attentions_;
  std::shared_ptr<ModuleList<Upsample2D>> upsamplers_;
};

}  // namespace riffle::nn
