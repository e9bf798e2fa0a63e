// SPDX-License-Identifier: GPL-3.0-or-later
// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/log.h"

// libFuzzer's entry points; LLVMFuzzerMutate is its own mutation, for custom ones to begin with.
extern "C" {
int LLVMFuzzerInitialize(int* argc, char*** argv);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
}

namespace riffle::fuzz {

// A broken promise is a crash, which libFuzzer keeps the input of.
inline void require(bool promise) {
  if (!promise) std::abort();
}

// Damaged files make readers talk.
inline void silence() { log::set_level(log::Level::Off); }

}  // namespace riffle::fuzz
