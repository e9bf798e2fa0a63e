// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/layer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "core/error.h"

namespace riffle::nn {

void Layer::pack(const PackOptions& options) {
  if (packed_) return;
  const at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters(/*recurse=*/false)) {
    if (!parameter.is_cpu() || !parameter.is_floating_point()) {
      throw Error(ErrorCode::Unsupported,
                  "pack: only layers on the CPU, of a floating type, can use Riffle's kernels");
    }
  }
  do_pack(options);
  for (at::Tensor& parameter : parameters(/*recurse=*/false)) {
    if (parameter.scalar_type() != at::kFloat) parameter.set_data(parameter.to(at::kFloat));
  }
  packed_ = true;
}

void Layer::unpack() {
  if (packed_) do_unpack();
  packed_ = false;
}

at::Tensor Layer::add_parameter(const char* name, at::IntArrayRef shape) {
  return register_parameter(name, at::empty(shape, at::kFloat));
}

void Layer::fill_uniform(at::Tensor& parameter, double bound, const at::Generator& generator) {
  const at::NoGradGuard no_grad;
  parameter.uniform_(-bound, bound, generator);
}

void Layer::fill(at::Tensor& parameter, double value) {
  const at::NoGradGuard no_grad;
  parameter.fill_(value);
}

void for_each_layer(torch::nn::Module& root, const std::function<void(Layer&)>& visit) {
  // Without the root itself: handing it out would demand that it lives in a shared_ptr.
  if (auto* layer = dynamic_cast<Layer*>(&root)) visit(*layer);
  for (const auto& module : root.modules(/*include_self=*/false)) {
    if (auto* layer = dynamic_cast<Layer*>(module.get())) visit(*layer);
  }
}

void reset_parameters(torch::nn::Module& root, uint64_t seed) {
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  for_each_layer(root, [&](Layer& layer) { layer.reset(generator); });
}

void reset_and_pack(torch::nn::Module& root, uint64_t seed, const PackOptions& options) {
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  for_each_layer(root, [&](Layer& layer) {
    layer.reset(generator);
    layer.pack(options);
  });
}

void pack_for_inference(torch::nn::Module& root, const PackOptions& options) {
  for_each_layer(root, [&](Layer& layer) { layer.pack(options); });
}

void unpack(torch::nn::Module& root) {
  for_each_layer(root, [](Layer& layer) { layer.unpack(); });
}

int64_t parameter_count(const torch::nn::Module& root) {
  int64_t count = 0;
  for (const at::Tensor& parameter : root.parameters()) count += parameter.numel();
  return count;
}

}  // namespace riffle::nn
