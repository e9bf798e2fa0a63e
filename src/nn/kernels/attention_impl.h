// SPDX-License-Identifier: GPL-3.0-or-later
// Attention without the matrix of scores: keys are taken in blocks, and a running maximum and sum
// make the softmax come out exactly (Milakov and Gimelshein 2018; Dao et al. 2022, algorithm 1).
//
// All of it works on transposed tiles, [key][query] and [feature][query], with the queries along
// the vector lanes: maxima, exponentials and sums are then plain vector operations, keys and values
// are read where they lie, and any number of keys and features fits. Included by one translation
// unit for each instruction set.
#pragma once

#include <cstdint>

#include "nn/kernels/math_impl.h"
#include "nn/kernels/multiply_impl.h"
#include "nn/kernels/table.h"

namespace riffle::nn::kernels {

constexpr int64_t kKeyBlock = 128;
constexpr int64_t kQueryPanels = 3;  // share each block of keys while it is in the cache

// What is kept for one panel of queries.
template <class V>
struct QueryPanel {
  float* query;   // [features][panel], scaled by log2(e) / sqrt(D)
  float* out;     // [features][panel], not yet divided by the sum
  float* scores;  // [kKeyBlock][panel]
  V highest[2];   // the largest score seen
  V sum[2];

  static constexpr int64_t kPanel = kernels::kPanel<V>;
  static int64_t floats(int64_t features) { return (2 * features + kKeyBlock) * kPanel; }

  void start(const AttentionTask& task, int64_t first, float* memory) {
    query = memory;
    out = query + task.features * kPanel;
    scores = out + task.features * kPanel;
    const float scale = task.scale * 1.44269504F;
    const int64_t used = task.queries - first < kPanel ? task.queries - first : kPanel;
    for (int64_t d = 0; d < task.features; ++d) {
      for (int64_t i = 0; i < kPanel; ++i) {
        query[d * kPanel + i] = i < used ? scale * task.q[(first + i) * task.q_stride + d] : 0.0F;
        out[d * kPanel + i] = 0;
      }
    }
    highest[0] = highest[1] = V::broadcast(-3e38F);
    sum[0] = sum[1] = V::zero();
  }

  // Raises `highest` to the block's and brings what was added so far to the new scale.
  void raise_highest(int64_t keys, int64_t features) {
    V block[2] = {highest[0], highest[1]};
    for (int64_t k = 0; k < keys; ++k) {
      block[0] = V::max(block[0], V::load(scores + k * kPanel));
      block[1] = V::max(block[1], V::load(scores + k * kPanel + V::kWidth));
    }
    if (!V::any_greater(block[0], highest[0]) && !V::any_greater(block[1], highest[1])) return;
    const V factor[2] = {exp2(highest[0] - block[0]), exp2(highest[1] - block[1])};
    for (int half = 0; half < 2; ++half) {
      sum[half] = sum[half] * factor[half];
      highest[half] = block[half];
    }
    for (int64_t d = 0; d < features; ++d) {
      float* row = out + d * kPanel;
      (V::load(row) * factor[0]).store(row);
      (V::load(row + V::kWidth) * factor[1]).store(row + V::kWidth);
    }
  }

  // scores -> 2^(scores - highest), adding them to the sum.
  void exponentiate(int64_t keys) {
    for (int64_t k = 0; k < keys; ++k) {
      float* row = scores + k * kPanel;
      const V p0 = exp2(V::load(row) - highest[0]);
      const V p1 = exp2(V::load(row + V::kWidth) - highest[1]);
      p0.store(row);
      p1.store(row + V::kWidth);
      sum[0] = sum[0] + p0;
      sum[1] = sum[1] + p1;
    }
  }

  void finish(const AttentionTask& task, int64_t first) const {
    float total[kPanel];
    sum[0].store(total);
    sum[1].store(total + V::kWidth);
    const int64_t used = task.queries - first < kPanel ? task.queries - first : kPanel;
    for (int64_t i = 0; i < used; ++i) {
      const float inverse = 1.0F / total[i];
      float* row = task.out + (first + i) * task.out_stride;
      for (int64_t d = 0; d < task.features; ++d) row[d] = out[d * kPanel + i] * inverse;
    }
  }
};

template <class V>
int64_t attention_scratch(int64_t features) {
  return kQueryPanels * QueryPanel<V>::floats(features);
}

// The panels from query `first` on: one pass over all keys.
template <class V>
void attend_panels(const AttentionTask& task, int64_t first, int64_t panels, float* scratch) {
  constexpr int64_t kPanel = kernels::kPanel<V>;
  QueryPanel<V> panel[kQueryPanels];
  for (int64_t p = 0; p < panels; ++p) {
    panel[p].start(task, first + p * kPanel, scratch + p * QueryPanel<V>::floats(task.features));
  }
  for (int64_t key = 0; key < task.keys; key += kKeyBlock) {
    const int64_t keys = task.keys - key < kKeyBlock ? task.keys - key : kKeyBlock;
    const float* k = task.k + key * task.kv_stride;
    const float* v = task.v + key * task.kv_stride;
    for (int64_t p = 0; p < panels; ++p) {
      multiply_rows<V, Layout::RowsContiguous>(keys, task.features, k, task.kv_stride,
                                               panel[p].query, panel[p].scores, kPanel, false);
      panel[p].raise_highest(keys, task.features);
      panel[p].exponentiate(keys);
      multiply_rows<V, Layout::ColumnsContiguous>(task.features, keys, v, task.kv_stride,
                                                  panel[p].scores, panel[p].out, kPanel, true);
    }
  }
  for (int64_t p = 0; p < panels; ++p) panel[p].finish(task, first + p * kPanel);
}

template <class V>
void attend(const AttentionTask& task, float* scratch) {
  constexpr int64_t kPanel = kernels::kPanel<V>;
  const int64_t count = (task.queries + kPanel - 1) / kPanel;
  for (int64_t p = 0; p < count; p += kQueryPanels) {
    const int64_t panels = count - p < kQueryPanels ? count - p : kQueryPanels;
    attend_panels<V>(task, p * kPanel, panels, scratch);
  }
}

}  // namespace riffle::nn::kernels
