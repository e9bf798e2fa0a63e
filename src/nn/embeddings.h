// SPDX-License-Identifier: GPL-3.0-or-later
// Embeddings: of ids, and of the diffusion time step.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "nn/linear.h"

namespace riffle::nn {

// A table of vectors. Parameters: weight [count, features].
class Embedding : public Layer {
 public:
  Embedding(int64_t count, int64_t features);
  at::Tensor forward(const at::Tensor& ids);  // int64 [...] -> [..., features]
  void reset(const at::Generator& generator) override;

 private:
  at::Tensor weight_;
};

// Sines and cosines of t at `features` / 2 frequencies from 1 down to 1/10000 (Vaswani et al. 2017,
// section 3.5).
struct SinusoidOptions {
  int64_t features = 320;
  bool cosine_first = true;  // diffusers: flip_sin_to_cos
  double frequency_shift =
      0;  // diffusers: freq_shift; subtracted from the count that spaces the frequencies
};

// timesteps: [B], any real type -> float32 [B, features].
at::Tensor timestep_sinusoids(const at::Tensor& timesteps, const SinusoidOptions& options);

// linear_1, SiLU, linear_2.
class TimestepEmbedding : public torch::nn::Module {
 public:
  TimestepEmbedding(int64_t in_features, int64_t out_features);
  at::Tensor forward(const at::Tensor& sinusoids);  // [B, in] -> [B, out]

 private:
  std::shared_ptr<Linear> linear_1_;
  std::shared_ptr<Linear> linear_2_;
};

}  // namespace riffle::nn
