// SPDX-License-Identifier: GPL-3.0-or-later
// How far a decoded spectrogram picture is from the real one, in ways that do not reward blur.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace riffle::train {

// Pictures are [B, 1, rows, frames] throughout.

struct PictureLossWeights {
  double level = 1;        // mean absolute error of the levels
  double gradient = 0.5;   // of their differences along time, and along frequency
  double scales = 0.25;    // of averages over squares of 2, 4 and 8
  double features = 0;     // RandomFeatures
  double frequencies = 0;  // focal_frequency_loss
  double textures = 0;     // texture_loss
};

struct PictureLoss {
  at::Tensor total;
  at::Tensor level;  // without history, for the log
  at::Tensor gradient;
};

// The first three terms.
PictureLoss picture_loss(const at::Tensor& decoded, const at::Tensor& real,
                         const PictureLossWeights& weights);

// Focal frequency loss (Jiang et al. 2021, equations 5 to 8, alpha 1) over tiles of a quarter of
// the sides: the mean of w |F_decoded - F_real|^2 with w = |F_decoded - F_real| over its largest in
// the tile, F the orthonormal Fourier transform. Sides must be multiples of 4.
at::Tensor focal_frequency_loss(const at::Tensor& decoded, const at::Tensor& real);

// Blur alone, not where things lie: the mean absolute error of the local steepness, |d/dt| and
// |d/df| averaged over squares of 8. What cannot be known of a picture, such as the grain of noise,
// is to be as rough as it was; the other losses would have it flat.
at::Tensor texture_loss(const at::Tensor& decoded, const at::Tensor& real);

// A deep network with random weights tells structure apart about as well as a trained one (Liu et
// al. 2021, arXiv:2103.10571): the mean absolute error of its features, each layer's over the
// standard deviation of the real picture's.
class RandomFeatures {
 public:
  // Orthogonal kernels drawn from `seed`.
  RandomFeatures(uint64_t seed, at::Device device);
  at::Tensor loss(const at::Tensor& decoded, const at::Tensor& real) const;

 private:
  std::vector<at::Tensor> kernels_;
};

// What a listener would call blur: mean |d/dt| and mean |d/df| of the decoded pictures over those
// of the real ones. 1 is right, blurred pictures lie below it.
struct BlurNumbers {
  double time = 1;
  double frequency = 1;
};
BlurNumbers blur_of(const at::Tensor& decoded, const at::Tensor& real);

}  // namespace riffle::train
