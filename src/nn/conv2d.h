// SPDX-License-Identifier: GPL-3.0-or-later
// Two-dimensional convolution, with what surrounds it in diffusion networks: a bias for each item,
// a residual, an enlargement beforehand, and padding that wraps around time.
#pragma once

#include <cstdint>
#include <optional>

#include "nn/kernels/packed_weights.h"
#include "nn/layer.h"

namespace riffle::nn {

struct Conv2dOptions {
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t padding = 1;
  // Zeros added below and to the right only, as Stable Diffusion's VAE does before its strided
  // convolutions.
  int64_t extra_end_padding = 0;
};

struct PictureSize {
  int64_t height;
  int64_t width;
};

struct Conv2dExtras {
  at::Tensor item_bias{};                // [B, out], added to all positions of an item
  at::Tensor residual{};                 // of the result's shape, added
  std::optional<PictureSize> enlarge{};  // nearest neighbour, before the convolution
};

// Parameters: weight [out, in, kernel, kernel], bias [out].
class Conv2d : public Layer {
 public:
  Conv2d(int64_t in_channels, int64_t out_channels, Conv2dOptions options = {});
  // [B, in, H, W] -> [B, out, H', W']. Packed: the result lies channels last.
  at::Tensor forward(const at::Tensor& x, const Conv2dExtras& extras = {});
  void reset(const at::Generator& generator) override;

 protected:
  void do_pack(const PackOptions& options) override;
  void do_unpack() override;

 private:
  at::Tensor convolve(const at::Tensor& picture) const;
  at::Tensor convolve_packed(const at::Tensor& x, const Conv2dExtras& extras) const;
  bool suits_winograd() const;
  int64_t weight_elements() const;

  int64_t in_channels_;
  int64_t out_channels_;
  Conv2dOptions options_;
  at::Tensor weight_;
  at::Tensor bias_;
  kernels::PackedConv3x3 packed_winograd_;  // one of the two when packed
  kernels::PackedMatrix packed_direct_;
};

// While it lives, every Conv2d run by this thread pads the width (time) by wrapping around instead
// of with zeros. Scopes nest.
class CircularWidth {
 public:
  explicit CircularWidth(bool on);
  ~CircularWidth();
  CircularWidth(const CircularWidth&) = delete;
  CircularWidth& operator=(const CircularWidth&) = delete;
  static bool active();

 private:
  bool before_;
};

}  // namespace riffle::nn
