// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/flat_parameters.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <set>
#include <utility>

#include "core/error.h"

namespace riffle::train {
namespace {

// Each parameter begins at a multiple of 64 bytes, where vector instructions like it.
constexpr int64_t kAlignment = 16;

int64_t padded(int64_t count) { return (count + kAlignment - 1) / kAlignment * kAlignment; }

std::vector<int64_t> strides_of(const at::Tensor& parameter, bool channels_last) {
  const auto shape = parameter.sizes();
  std::vector<int64_t> strides(shape.size(), 1);
  if (channels_last && shape.size() == 4) {
    return {shape[1] * shape[2] * shape[3], 1, shape[1] * shape[3], shape[1]};
  }
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

}  // namespace

FlatParameters::FlatParameters(std::vector<ParameterGroup> groups, bool channels_last)
    : groups_(std::move(groups)) {
  const at::NoGradGuard no_grad;
  std::set<std::string> names;
  std::vector<at::Tensor> parameters;
  at::Device device = at::kCPU;
  int64_t size = 0;
  for (size_t group = 0; group < groups_.size(); ++group) {
    for (const bool decays : {true, false}) {
      const int64_t begin = size;
      for (const auto& [name, parameter] : groups_[group].parameters) {
        if ((parameter.dim() > 1) != decays) continue;
        if (!names.insert(name).second || parameter.scalar_type() != at::kFloat) {
          throw Error(ErrorCode::InvalidArgument,
                      fmt::format("parameter {}: expected float32 and a name of its own", name));
        }
        device = parameter.device();
        pieces_.push_back(
            {name, size, parameter.sizes().vec(), strides_of(parameter, channels_last)});
        parameters.push_back(parameter);
        count_ += parameter.numel();
        size += padded(parameter.numel());
      }
      if (size > begin) spans_.push_back({begin, size, group, decays});
    }
  }
  if (size == 0) throw Error(ErrorCode::InvalidArgument, "there are no parameters to train");
  values_ = at::zeros({size}, at::TensorOptions(at::kFloat).device(device));
  gradients_ = make_block();
  const auto values = named(values_);
  const auto gradients = named(gradients_);
  for (size_t i = 0; i < parameters.size(); ++i) {
    values[i].second.copy_(parameters[i]);
    parameters[i].set_data(values[i].second);
    parameters[i].mutable_grad() = gradients[i].second;
  }
}

at::Tensor FlatParameters::make_block() const { return at::zeros_like(values_); }

weights::NamedTensors FlatParameters::named(const at::Tensor& block) const {
  weights::NamedTensors tensors;
  for (const Piece& piece : pieces_) {
    tensors.emplace_back(piece.name, block.as_strided(piece.shape, piece.strides, piece.offset));
  }
  return tensors;
}

}  // namespace riffle::train
