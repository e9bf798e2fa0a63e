// SPDX-License-Identifier: GPL-3.0-or-later
// Tells real pictures from decoded ones, patch by patch (Isola et al. 2017), in the hinge form
// (Lim and Ye 2017). It also sees at which row a patch lies: rows of a spectrogram are not alike.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "nn/conv2d.h"
#include "nn/norm.h"

namespace riffle::train {

class PatchDiscriminator : public torch::nn::Module {
 public:
  explicit PatchDiscriminator(int64_t channels = 32);

  // [B, 1, rows, frames] -> [B, 1, h, w], above 0 for what looks real.
  at::Tensor forward(const at::Tensor& pictures);

 private:
  std::vector<std::shared_ptr<nn::Conv2d>> convolutions_;
  std::vector<std::shared_ptr<nn::GroupNorm>> norms_;  // of all but the first and the last
};

// What it is to make small itself: mean of relu(1 - real) + relu(1 + decoded), halved.
at::Tensor hinge_loss(const at::Tensor& of_real, const at::Tensor& of_decoded);

}  // namespace riffle::train
