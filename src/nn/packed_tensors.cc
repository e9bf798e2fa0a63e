// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/packed_tensors.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "core/error.h"

namespace riffle::nn {

const at::Tensor& packed_input(const at::Tensor& x, const char* layer) {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat) {
    throw Error(ErrorCode::InvalidArgument,
                std::string(layer) + ": packed layers take float32 tensors on the CPU");
  }
  if (at::GradMode::is_enabled() && x.requires_grad()) {
    throw Error(ErrorCode::InvalidArgument, std::string(layer) + ": packed layers have no gradient",
                "unpack the model before training");
  }
  return x;
}

namespace {

// Gives the pages of memory nobody will read again back at once. For a mapped file nothing else
// would before the whole mapping ends, and the weights would count twice.
void drop_pages(const at::Tensor& tensor) {
  if (!tensor.has_storage() || tensor.storage().use_count() != 1) return;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(tensor.data_ptr());
  const uintptr_t first = (begin + page - 1) / page * page;
  const uintptr_t last = (begin + tensor.nbytes()) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace

void release(at::Tensor& parameter) {
  const at::NoGradGuard no_grad;
  drop_pages(parameter);
  parameter.set_data(at::empty({0}, at::kFloat));
}

void restore(at::Tensor& parameter, at::IntArrayRef shape) {
  const at::NoGradGuard no_grad;
  parameter.set_data(at::empty(shape, at::kFloat));
}

}  // namespace riffle::nn
