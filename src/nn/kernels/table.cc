// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernels/table.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "core/error.h"
#include "nn/kernels/tables.h"

namespace riffle::nn::kernels {
namespace {

const KernelTable& choose() {
  const std::vector<const KernelTable*> tables = runnable_tables();
  const char* asked = std::getenv("RIFFLE_ISA");
  if (asked == nullptr || *asked == '\0') return *tables.back();
  for (const KernelTable* table : tables) {
    if (name_of(table->isa) == asked) return *table;
  }
  throw Error(ErrorCode::Unsupported,
              fmt::format("RIFFLE_ISA={}: expected portable, avx2 or avx512, and one this "
                          "processor has; it has up to {}",
                          asked, name_of(tables.back()->isa)));
}

}  // namespace

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::Portable:
      return "portable";
    case Isa::Avx2:
      return "avx2";
    case Isa::Avx512:
      return "avx512";
  }
  return "unknown";
}

std::vector<const KernelTable*> runnable_tables() {
  std::vector<const KernelTable*> tables = {&portable_table()};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) tables.push_back(&avx2_table());
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) tables.push_back(&avx512_table());
#endif
  return tables;
}

const KernelTable& kernel_table() {
  static const KernelTable& kTable = choose();
  return kTable;
}

}  // namespace riffle::nn::kernels
