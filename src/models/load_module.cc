// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/load_module.h"

#include <ATen/core/grad_mode.h>

namespace riffle::models {

weights::NamedTensors named_parameters(const torch::nn::Module& module) {
  weights::NamedTensors parameters;
  for (const auto& item : module.named_parameters()) {
    parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}

weights::LoadReport load_module(torch::nn::Module& module, const weights::TensorSource& source,
                                const weights::LoadOptions& options, const Job& job) {
  const at::NoGradGuard no_grad;
  return weights::load_into(named_parameters(module), source, options, job);
}

}  // namespace riffle::models
