// SPDX-License-Identifier: GPL-3.0-or-later
// Multi-head attention on all threads without the matrix of scores; the arithmetic is in
// attention_impl.h.
#pragma once

#include <cstdint>

#include "nn/kernels/table.h"

namespace riffle::nn::kernels {

struct AttentionCall {
  const float* q = nullptr;  // [batch][queries][heads * features], rows q_stride apart
  const float* k = nullptr;  // [batch][keys][heads * features], rows kv_stride apart
  const float* v = nullptr;
  float* out = nullptr;  // [batch][queries][heads * features]
  int64_t q_stride = 0;
  int64_t kv_stride = 0;
  int64_t batch = 1;
  int64_t heads = 1;
  int64_t queries = 0;
  int64_t keys = 0;
  int64_t features = 0;  // of one head
  float scale = 1;       // 1 / sqrt(features)
};

void blocked_attention(const KernelTable& table, const AttentionCall& call);

}  // namespace riffle::nn::kernels
