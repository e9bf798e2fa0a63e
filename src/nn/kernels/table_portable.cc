// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels compiled for any processor; see CMakeLists.txt for the flags.
#include "nn/kernels/table_impl.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vec_portable.h"

namespace riffle::nn::kernels {

const KernelTable& portable_table() {
  static constexpr KernelTable kTable = make_table<VecPortable>(Isa::Portable);
  return kTable;
}

}  // namespace riffle::nn::kernels
