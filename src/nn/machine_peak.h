// SPDX-License-Identifier: GPL-3.0-or-later
// What this machine can do at best: the yardstick of benchmarks.
#pragma once

namespace riffle::nn {

struct MachinePeak {
  double blas_gflops = 0;  // libtorch's matrix product
  double own_gflops = 0;   // Riffle's, with packed weights
  double best() const { return blas_gflops > own_gflops ? blas_gflops : own_gflops; }
};

// The best of some float32 products of 2048 x 2048 matrices on all threads; takes about a second.
// Other programs on the same processors make it worse, so measure it beside what it is compared
// with.
MachinePeak measure_machine_peak();

}  // namespace riffle::nn
