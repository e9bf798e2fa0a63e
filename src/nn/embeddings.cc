// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/embeddings.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/silu.h>

#include <cmath>

namespace riffle::nn {

Embedding::Embedding(int64_t count, int64_t features) {
  weight_ = add_parameter("weight", {count, features});
}

at::Tensor Embedding::forward(const at::Tensor& ids) { return at::embedding(weight_, ids); }

void Embedding::reset(const at::Generator& generator) {
  const at::NoGradGuard no_grad;
  weight_.normal_(0, 0.02, generator);
}

at::Tensor timestep_sinusoids(const at::Tensor& timesteps, const SinusoidOptions& options) {
  const int64_t half = options.features / 2;
  const auto float_options = timesteps.options().dtype(at::kFloat);
  const double spacing = -std::log(10000.0) / (static_cast<double>(half) - options.frequency_shift);
  const at::Tensor frequencies = (at::arange(half, float_options) * spacing).exp();
  const at::Tensor angles = timesteps.to(at::kFloat).unsqueeze(1) * frequencies.unsqueeze(0);
  const at::Tensor first = options.cosine_first ? angles.cos() : angles.sin();
  const at::Tensor second = options.cosine_first ? angles.sin() : angles.cos();
  const at::Tensor sinusoids = at::cat({first, second}, 1);
  return options.features % 2 == 0 ? sinusoids : at::constant_pad_nd(sinusoids, {0, 1});
}

TimestepEmbedding::TimestepEmbedding(int64_t in_features, int64_t out_features) {
  linear_1_ = register_module("linear_1", std::make_shared<Linear>(in_features, out_features));
  linear_2_ = register_module("linear_2", std::make_shared<Linear>(out_features, out_features));
}

at::Tensor TimestepEmbedding::forward(const at::Tensor& sinusoids) {
  return linear_2_->forward(at::silu(linear_1_->forward(sinusoids)));
}

}  // namespace riffle::nn
