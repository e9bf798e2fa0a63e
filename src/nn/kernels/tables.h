// SPDX-License-Identifier: GPL-3.0-or-later
// The tables of each instruction set. Only to be run on a processor that has it: ask kernel_table()
// instead.
#pragma once

#include "nn/kernels/table.h"

namespace riffle::nn::kernels {

const KernelTable& portable_table();
const KernelTable& avx2_table();    // x86-64 builds only
const KernelTable& avx512_table();  // x86-64 builds only

}  // namespace riffle::nn::kernels
