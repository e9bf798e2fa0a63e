// SPDX-License-Identifier: GPL-3.0-or-later
// Resampling by folding positions into channels, with the parameter-free shortcuts of deep
// compression autoencoders (Chen et al. 2024, DC-AE, section 3.1): what the convolution learns is
// added to the folded input itself, so that a deep stack of them passes gradients from the start.
#pragma once

#include <cstdint>
#include <memory>

#include "nn/conv2d.h"

namespace riffle::nn {

struct FoldFactor {
  int64_t rows = 2;
  int64_t columns = 2;
  int64_t count() const { return rows * columns; }
};

// [B, C, H, W] -> [B, C r c, H / r, W / c], channel C r c of a pixel: (channel, row in the fold,
// column in the fold). PyTorch's pixel_unshuffle where r = c. Sides must be multiples.
at::Tensor space_to_channels(const at::Tensor& x, const FoldFactor& factor);
// The inverse.
at::Tensor channels_to_space(const at::Tensor& x, const FoldFactor& factor);

// conv 3x3 and fold, added to the folded input with neighbouring channels averaged. Parameters:
// conv. in * factor must be a multiple of out, out one of the factor's count; else
// Error{InvalidArgument}.
class FoldDown : public torch::nn::Module {
 public:
  FoldDown(int64_t in_channels, int64_t out_channels, FoldFactor factor);
  at::Tensor forward(const at::Tensor& x);  // [B, in, H, W] -> [B, out, H / r, W / c]

 private:
  int64_t out_channels_;
  FoldFactor factor_;
  std::shared_ptr<Conv2d> conv_;
};

// conv 3x3 and unfold, added to the input with its channels repeated and unfolded. Parameters:
// conv. out * factor must be a multiple of in, or in of out * factor.
class FoldUp : public torch::nn::Module {
 public:
  FoldUp(int64_t in_channels, int64_t out_channels, FoldFactor factor);
  at::Tensor forward(const at::Tensor& x);  // [B, in, H, W] -> [B, out, H r, W c]

 private:
  int64_t in_channels_;
  int64_t out_channels_;
  FoldFactor factor_;
  std::shared_ptr<Conv2d> conv_;
};

}  // namespace riffle::nn
