// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels compiled for AVX2; see CMakeLists.txt for the flags.
#include "nn/kernels/table_impl.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vec_avx2.h"

namespace riffle::nn::kernels {

const KernelTable& avx2_table() {
  static constexpr KernelTable kTable = make_table<VecAvx2>(Isa::Avx2);
  return kTable;
}

}  // namespace riffle::nn::kernels
