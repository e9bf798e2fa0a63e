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

struct PackOptions {
  bool half_storage = false;  // keep weights in half precision; arithmetic stays float32
};

// A module that owns parameters itself. Its constructor leaves them uninitialised: they are loaded,
// or reset().
//
// pack() turns a layer on the CPU to Riffle's own kernels (nn/kernels): weights are rearranged and
// the parameters give up their memory (they become empty), pictures are kept channels last,
// gradients are not computed. unpack() brings the parameters back, exactly unless storage was half.
// A layer that is not packed uses libtorch's operators: the exact path, training, and CUDA.
class Layer : public torch::nn::Module {
 public:
  // Fills the parameters with PyTorch's starting values for this kind of layer.
  virtual void reset(const at::Generator& generator) = 0;

  void pack(const PackOptions& options);
  void unpack();
  bool packed() const { return packed_; }

 protected:
  // An uninitialised float32 parameter under the checkpoint's name.
  at::Tensor add_parameter(const char* name, at::IntArrayRef shape);
  // U(-bound, bound), in place.
  static void fill_uniform(at::Tensor& parameter, double bound, const at::Generator& generator);
  static void fill(at::Tensor& parameter, double value);

  // Layers with weights worth rearranging do it here.
  virtual void do_pack(const PackOptions& /*options*/) {}
  virtual void do_unpack() {}

 private:
  bool packed_ = false;
};

// Visits every Layer at or below root, in the order of registration.
void for_each_layer(torch::nn::Module& root, const std::function<void(Layer&)>& visit);

// reset() on every Layer below root, from libtorch's CPU generator seeded with `seed`.
void reset_parameters(torch::nn::Module& root, uint64_t seed);
// The same, packing each layer as soon as it has its values: no more memory than the packed model.
void reset_and_pack(torch::nn::Module& root, uint64_t seed, const PackOptions& options = {});

// pack() and unpack() on every Layer below root, one at a time: only the layer at hand needs its
// memory twice. Parameters may be of any floating type and are read where they lie, for instance in
// a mapped file. Throws Error{Unsupported} unless they are on the CPU.
void pack_for_inference(torch::nn::Module& root, const PackOptions& options = {});
void unpack(torch::nn::Module& root);

// Of a model that is not packed.
int64_t parameter_count(const torch::nn::Module& root);

// Sub-modules named "0", "1", ...: checkpoints count them so.
template <class T>
class ModuleList : public torch::nn::Module {
 public:
  template <class... Args>
  std::shared_ptr<T> add(Args&&... args) {
    items_.push_back(register_module(std::to_string(items_.size()),
                                     std::make_shared<T>(std::forward<Args>(args)...)));
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
