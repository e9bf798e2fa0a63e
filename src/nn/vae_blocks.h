// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks of AutoencoderKL, with diffusers' parameter names: no time embedding, no skips,
// attention in the middle only. All throw Error{Cancelled} between layers.
#pragma once

#include <cstdint>
#include <memory>

#include "core/job.h"
#include "nn/attention.h"
#include "nn/resnet.h"

namespace riffle::nn {

struct VaeBlockOptions {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t layers = 2;
  bool resample = true;
  int64_t norm_groups = 32;
};

constexpr double kVaeNormEpsilon = 1e-6;

// DownEncoderBlock2D.
class VaeDownBlock : public torch::nn::Module {
 public:
  explicit VaeDownBlock(const VaeBlockOptions& options);
  at::Tensor forward(at::Tensor x, const Job& job = {});  // [B, in, H, W] -> [B, out, H / 2, W / 2]

 private:
  std::shared_ptr<ModuleList<ResnetBlock2D>> resnets_;
  std::shared_ptr<ModuleList<Downsample2D>> downsamplers_;
};

// UpDecoderBlock2D.
class VaeUpBlock : public torch::nn::Module {
 public:
  explicit VaeUpBlock(const VaeBlockOptions& options);
  at::Tensor forward(at::Tensor x, const Job& job = {});  // [B, in, H, W] -> [B, out, 2 H, 2 W]

 private:
  std::shared_ptr<ModuleList<ResnetBlock2D>> resnets_;
  std::shared_ptr<ModuleList<Upsample2D>> upsamplers_;
};

// UNetMidBlock2D: ResNet block, self attention (one head; may be left out), ResNet block.
class VaeMidBlock : public torch::nn::Module {
 public:
  VaeMidBlock(int64_t channels, int64_t norm_groups, bool attention);
  at::Tensor forward(at::Tensor x, const Job& job = {});  // [B, C, H, W] -> same

 private:
  std::shared_ptr<ModuleList<SpatialSelfAttention>> attentions_;
  std::shared_ptr<ModuleList<ResnetBlock2D>> resnets_;
};

}  // namespace riffle::nn
