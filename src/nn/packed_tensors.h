// SPDX-License-Identifier: GPL-3.0-or-later
// What the packed layers do with tensors on their way into and out of the kernels.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/kernels/packed_weights.h"
#include "nn/layer.h"

namespace riffle::nn {

inline kernels::Storage storage_of(const PackOptions& options) {
  return options.half_storage ? kernels::Storage::Half : kernels::Storage::Float;
}

// Its data, or nullptr for an undefined tensor. The tensor is float32 on the CPU and contiguous in
// some format.
inline const float* float_data(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr<float>() : nullptr;
}

// x itself. Throws Error{InvalidArgument}, beginning with `layer`, unless it is float32 on the CPU
// and needs no gradient.
const at::Tensor& packed_input(const at::Tensor& x, const char* layer);

// A parameter gives up its memory, and takes new, uninitialised memory again.
void release(at::Tensor& parameter);
void restore(at::Tensor& parameter, at::IntArrayRef shape);

}  // namespace riffle::nn
