// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/lora_adapter.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "models/load_module.h"
#include "train/random.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

constexpr std::string_view kWeight = ".weight";
// Ends of the paths of the layers that are adapted.
constexpr std::array<std::string_view, 4> kUnetAttention{".to_q", ".to_k", ".to_v", ".to_out.0"};
constexpr std::array<std::string_view, 7> kUnetOthers{
    ".conv1", ".conv2", ".proj_in", ".proj_out", ".net.0.proj", ".net.2", ".conv_shortcut"};
constexpr std::array<std::string_view, 4> kTextAttention{".q_proj", ".k_proj", ".v_proj",
                                                         ".out_proj"};

template <size_t N>
bool ends_with_any(std::string_view path, const std::array<std::string_view, N>& ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return path.ends_with(end); });
}

bool is_adapted(std::string_view part, std::string_view module, bool convolutions) {
  if (part == "text_encoder") return ends_with_any(module, kTextAttention);
  return ends_with_any(module, kUnetAttention) ||
         (convolutions && ends_with_any(module, kUnetOthers));
}

std::string underscored(std::string path) {
  std::ranges::replace(path, '.', '_');
  return path;
}

}  // namespace

LoraNames lora_names_from_name(std::string_view name) {
  if (name == "kohya") return LoraNames::Kohya;
  if (name == "diffusers") return LoraNames::Diffusers;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("names: expected kohya or diffusers, got \"{}\"", name));
}

LoraAdapter::LoraAdapter(std::string part, torch::nn::Module& network, const LoraShape& shape,
                         uint64_t seed)
    : part_(std::move(part)),
      alpha_(shape.alpha),
      scale_(shape.alpha / static_cast<double>(shape.rank)) {
  const auto generator = at::detail::createCPUGenerator(derive_seed(seed, part_, 0));
  for (auto& [name, parameter] : models::named_parameters(network)) {
    parameter.requires_grad_(false);
    if (!name.ends_with(kWeight) || parameter.dim() < 2) continue;
    const std::string module = name.substr(0, name.size() - kWeight.size());
    if (!is_adapted(part_, module, shape.convolutions)) continue;
    std::vector<int64_t> down_shape = parameter.sizes().vec();
    std::vector<int64_t> up_shape(down_shape.size(), 1);
    up_shape[0] = down_shape[0];
    up_shape[1] = down_shape[0] = std::min(shape.rank, parameter.numel() / parameter.size(0));
    at::Tensor down = at::empty(down_shape, at::kFloat);
    const double bound = 1 / std::sqrt(static_cast<double>(down[0].numel()));
    down.uniform_(-bound, bound, generator);
    const at::Device device = parameter.device();
    layers_.push_back({.module = module,
                       .weight = parameter,
                       .original = parameter.detach().clone(),
                       .down = down.to(device).requires_grad_(),
                       .up = at::zeros(up_shape, parameter.options()).requires_grad_()});
    parameter.requires_grad_(true);
  }
  if (layers_.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("LoRA: the {} has no layers that could be adapted", part_));
  }
}

weights::NamedTensors LoraAdapter::parameters() const {
  weights::NamedTensors all;
  for (const Layer& layer : layers_) {
    all.emplace_back(fmt::format("{}.{}.down", part_, layer.module), layer.down);
    all.emplace_back(fmt::format("{}.{}.up", part_, layer.module), layer.up);
  }
  return all;
}

std::vector<at::Tensor> LoraAdapter::carriers() const {
  std::vector<at::Tensor> weights;
  for (const Layer& layer : layers_) weights.push_back(layer.weight);
  return weights;
}

at::Tensor LoraAdapter::delta(const Layer& layer) const {
  return at::matmul(layer.up.flatten(1), layer.down.flatten(1)).view(layer.weight.sizes()) * scale_;
}

void LoraAdapter::apply() const {
  const at::NoGradGuard no_grad;
  for (const Layer& layer : layers_) {
    at::Tensor weight = layer.weight;
    weight.copy_(layer.original + delta(layer));
  }
}

void LoraAdapter::remove() const {
  const at::NoGradGuard no_grad;
  for (const Layer& layer : layers_) {
    at::Tensor weight = layer.weight;
    weight.copy_(layer.original);
  }
}

at::Tensor LoraAdapter::surrogate(const std::vector<at::Tensor>& gradients) const {
  at::Tensor sum;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const at::Tensor term = (gradients[i].detach() * delta(layers_[i])).sum();
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

weights::NamedTensors LoraAdapter::named(LoraNames names) const {
  weights::NamedTensors all;
  const std::string prefix = part_ == "unet" ? "lora_unet_" : "lora_te_";
  for (const Layer& layer : layers_) {
    const at::Tensor down = layer.down.detach();
    const at::Tensor up = layer.up.detach();
    if (names == LoraNames::Kohya) {
      const std::string key = prefix + underscored(layer.module);
      all.emplace_back(key + ".lora_down.weight", down);
      all.emplace_back(key + ".lora_up.weight", up);
      // A file says alpha / its own rank: that of a narrow layer may be smaller than asked for.
      const double alpha = scale_ * static_cast<double>(down.size(0));
      all.emplace_back(key + ".alpha", at::full({}, alpha, at::kFloat));
    } else {
      const std::string key = part_ + "." + layer.module;
      all.emplace_back(key + ".lora_A.weight", down);
      all.emplace_back(key + ".lora_B.weight", up * scale_);
    }
  }
  return all;
}

void write_lora(const std::filesystem::path& file, const std::vector<const LoraAdapter*>& adapters,
                LoraNames names) {
  weights::NamedTensors all;
  for (const LoraAdapter* adapter : adapters) {
    for (auto& [name, tensor] : adapter->named(names)) {
      all.emplace_back(name, tensor.to(at::kCPU, at::kHalf));
    }
  }
  weights::write_safetensors(file, all, {{"format", "pt"}});
}

}  // namespace riffle::train
