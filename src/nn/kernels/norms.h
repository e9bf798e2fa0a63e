// SPDX-License-Identifier: GPL-3.0-or-later
// Normalisation on all threads, for channels-last pictures and rows of features.
#pragma once

#include <cstdint>

#include "nn/kernels/table.h"

namespace riffle::nn::kernels {

struct GroupNormCall {
  const float* x = nullptr;  // [batch][pixels][channels]
  float* out = nullptr;      // same; may be x
  int64_t batch = 1;
  int64_t pixels = 0;
  int64_t channels = 0;
  int64_t groups = 1;  // divides channels
  const float* weight = nullptr;
  const float* bias = nullptr;
  double epsilon = 1e-5;
  bool silu = false;  // out = silu(norm(x))
};

void group_norm(const KernelTable& table, const GroupNormCall& call);

// x, out: [rows][features], not the same memory.
void layer_norm(const KernelTable& table, const float* x, int64_t rows, int64_t features,
                const float* weight, const float* bias, double epsilon, float* out);

}  // namespace riffle::nn::kernels
