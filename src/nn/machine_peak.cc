// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/machine_peak.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "nn/kernels/matrix_product.h"
#include "nn/kernels/table.h"

namespace riffle::nn {
namespace {

constexpr int64_t kSide = 2048;
constexpr int kRepeats = 5;

template <class Work>
double best_gflops(const Work& work) {
  double best_s = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRepeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best_s = std::min(best_s, elapsed.count());
  }
  return 2e-9 * kSide * kSide * kSide / best_s;
}

}  // namespace

MachinePeak measure_machine_peak() {
  const at::NoGradGuard no_grad;
  const at::Tensor a = at::randn({kSide, kSide});
  at::Tensor out = at::empty({kSide, kSide});
  const kernels::PackedMatrix packed(kernels::kernel_table(), a.data_ptr<float>(), kSide, kSide,
                                     kernels::Storage::Float);
  const kernels::StoredRows rows(a.data_ptr<float>(), kSide);
  return {.blas_gflops = best_gflops([&] { at::mm_out(out, a, a); }),
          .own_gflops = best_gflops([&] {
            kernels::multiply(rows, kSide, packed, {.out = out.data_ptr<float>(), .stride = kSide});
          })};
}

}  // namespace riffle::nn
