// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels compiled for AVX-512; see CMakeLists.txt for the flags.
#include "nn/kernels/table_impl.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vec_avx512.h"

namespace riffle::nn::kernels {

const KernelTable& avx512_table() {
  static constexpr KernelTable kTable = make_table<VecAvx512>(Isa::Avx512);
  return kTable;
}

}  // namespace riffle::nn::kernels
