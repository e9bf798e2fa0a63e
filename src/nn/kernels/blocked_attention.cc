// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernels/blocked_attention.h"

#include <algorithm>

#include "core/parallel.h"
#include "nn/kernels/buffer.h"

namespace riffle::nn::kernels {

void blocked_attention(const KernelTable& table, const AttentionCall& call) {
  const int64_t block = table.attention_queries;
  const int64_t blocks = (call.queries + block - 1) / block;
  const int64_t width = call.heads * call.features;
  parallel_for(call.batch * call.heads * blocks, 1, [&](int64_t begin, int64_t end) {
    float* memory = scratch(Slot::Attention, table.attention_scratch(call.features));
    for (int64_t task = begin; task < end; ++task) {
      const int64_t item = task / (call.heads * blocks);
      const int64_t offset = task / blocks % call.heads * call.features;
      const int64_t query = task % blocks * block;
      const int64_t key_row = item * call.keys * call.kv_stride + offset;
      table.attention({.q = call.q + (item * call.queries + query) * call.q_stride + offset,
                       .q_stride = call.q_stride,
                       .k = call.k + key_row,
                       .v = call.v + key_row,
                       .kv_stride = call.kv_stride,
                       .out = call.out + (item * call.queries + query) * width + offset,
                       .out_stride = width,
                       .queries = std::min(block, call.queries - query),
                       .keys = call.keys,
                       .features = call.features,
                       .scale = call.scale},
                      memory);
    }
  });
}

}  // namespace riffle::nn::kernels
