// SPDX-License-Identifier: GPL-3.0-or-later
// What all leaf layers share, a list of sub-modules, and what is done to every layer of a model at
// once.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace riffle::nn {

// A module that owns parameters itself. Its constructor leaves them uninitialised: they are loaded,
// or reset().
class Layer : public torch::nn::Module {
 public:
  // Fills the parameters with PyTorch's starting values for this kind of layer.
  virtual void reset(const at::Generator& generator) = 0;

 protected:
  // An uninitialised float32 parameter under the checkpoint's name.
  at::Tensor add_parameter(const char* name, at::IntArrayRef shape);
  // U(-bound, bound), in place.
  static void fill_uniform(at::Tensor& parameter, double bound, const at::Generator& generator);
};

// Visits every Layer at or below root, in the order of registration.
void for_each_layer(torch::nn::Module& root, const std::function<void(Layer&)>& visit);

// reset() on every Layer below root, in a fixed order, from libtorch's CPU generator seeded with
// `seed`.
void reset_parameters(torch::nn::Module& root, uint64_t seed);

int64_t parameter_count(const torch::nn::Module& root);

// Sub-modules named "0", "1", ...: checkpoints count them so.
template <class T>
class ModuleList : public torch::nn::Module {
 public:
  template <class... Args>
  std::shared_ptr<T> add(Args&&... args) {
    return add(std::make_shared<T>(std::forward<Args>(args)...));
  }
  std::shared_ptr<T> add(std::shared_ptr<T> item) {
    items_.push_back(register_module(std::to_string(items_.size()), std::move(item)));
    return items_.back();
  }
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  T& operator[](size_t index) const { return *items_[index]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<std::shared_ptr<T>> items_;
};

}  // namespace riffle::nn
