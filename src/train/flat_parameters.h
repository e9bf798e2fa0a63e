// SPDX-License-Identifier: GPL-3.0-or-later
// The parameters of a run laid one after the other in one block of memory, their gradients in
// another: an update, a norm, an average over machines is then one pass over plain floats instead
// of a call for each of hundreds of tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "weights/load.h"

namespace riffle::train {

// Parameters that are trained alike.
struct ParameterGroup {
  std::string name;
  weights::NamedTensors parameters;  // names are unique over all groups
  double rate = 1;                   // times the schedule's learning rate
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0.01;  // of matrices and kernels; never of biases, norms and gains
};

class FlatParameters {
 public:
  // A stretch of the block that is updated with the same numbers.
  struct Span {
    int64_t begin = 0;
    int64_t end = 0;
    size_t group = 0;
    bool decays = false;
  };

  // Moves the parameters: each becomes a view into values(), with a view into gradients() as its
  // gradient. They must be float32 on one device. Throws Error{InvalidArgument} when there are
  // none, or a name comes twice. channels_last: convolution kernels are laid out so.
  explicit FlatParameters(std::vector<ParameterGroup> groups, bool channels_last = false);

  const at::Tensor& values() const { return values_; }        // [size]
  const at::Tensor& gradients() const { return gradients_; }  // [size]
  const std::vector<Span>& spans() const { return spans_; }
  const std::vector<ParameterGroup>& groups() const { return groups_; }
  int64_t count() const { return count_; }  // parameters, without the padding between them

  // A block of the same layout, zeros, and its pieces under the parameters' names.
  at::Tensor make_block() const;
  weights::NamedTensors named(const at::Tensor& block) const;

 private:
  struct Piece {
    std::string name;
    int64_t offset = 0;
    std::vector<int64_t> shape;
    std::vector<int64_t> strides;
  };

  std::vector<ParameterGroup> groups_;
  std::vector<Piece> pieces_;
  std::vector<Span> spans_;
  int64_t count_ = 0;
  at::Tensor values_;
  at::Tensor gradients_;
};

}  // namespace riffle::train
