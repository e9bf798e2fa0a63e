// SPDX-License-Identifier: GPL-3.0-or-later
// Attention by blocks against plain loops.
#include "nn/kernels/blocked_attention.h"

#include "kernel_support.h"

namespace riffle::nn::kernels {
namespace {

struct Shape {
  int64_t batch, heads, queries, keys, features;
};

// [batch][n][heads * features] throughout.
Doubles plain_attention(const Floats& q, const Floats& k, const Floats& v, const Shape& s,
                        double scale) {
  const int64_t width = s.heads * s.features;
  Doubles out(static_cast<size_t>(s.batch * s.queries * width));
  Doubles weights(static_cast<size_t>(s.keys));
  for (int64_t i = 0; i < s.batch * s.heads * s.queries; ++i) {
    const int64_t item = i / (s.heads * s.queries);
    const int64_t offset = i / s.queries % s.heads * s.features;
    const int64_t query = (item * s.queries + i % s.queries) * width + offset;
    const auto key = [&](int64_t j) { return (item * s.keys + j) * width + offset; };
    double highest = -1e300;
    for (int64_t j = 0; j < s.keys; ++j) {
      double score = 0;
      for (int64_t d = 0; d < s.features; ++d) {
        score += double{q[static_cast<size_t>(query + d)]} * k[static_cast<size_t>(key(j) + d)];
      }
      weights[static_cast<size_t>(j)] = score * scale;
      highest = std::max(highest, score * scale);
    }
    double sum = 0;
    for (double& w : weights) sum += w = std::exp(w - highest);
    for (int64_t j = 0; j < s.keys; ++j) {
      for (int64_t d = 0; d < s.features; ++d) {
        out[static_cast<size_t>(query + d)] +=
            weights[static_cast<size_t>(j)] / sum * v[static_cast<size_t>(key(j) + d)];
      }
    }
  }
  return out;
}

class BlockedAttention : public EveryIsa {
 protected:
  double error(const Shape& s, float spread) {
    const int64_t width = s.heads * s.features;
    const Floats q = random_floats(s.batch * s.queries * width, 1, spread);
    const Floats k = random_floats(s.batch * s.keys * width, 2);
    const Floats v = random_floats(s.batch * s.keys * width, 3);
    Floats out(q.size());
    const float scale = 1.0F / std::sqrt(static_cast<float>(s.features));
    blocked_attention(table(), {.q = q.data(),
                                .k = k.data(),
                                .v = v.data(),
                                .out = out.data(),
                                .q_stride = width,
                                .kv_stride = width,
                                .batch = s.batch,
                                .heads = s.heads,
                                .queries = s.queries,
                                .keys = s.keys,
                                .features = s.features,
                                .scale = scale});
    return relative_error(out, plain_attention(q, k, v, s, scale));
  }
};

// Queries, keys and features that fill no block, one block exactly, and several.
TEST_P(BlockedAttention, MatchesPlainLoops) {
  for (const Shape& s : {Shape{1, 1, 1, 1, 1}, Shape{2, 3, 5, 7, 4}, Shape{1, 2, 33, 77, 40},
                         Shape{2, 2, 96, 128, 16}, Shape{1, 1, 130, 300, 80},
                         Shape{1, 2, 10, 129, 160}, Shape{1, 1, 20, 50, 512}}) {
    EXPECT_LT(error(s, 1), 3e-6) << s.queries << " queries, " << s.keys << " keys, " << s.features;
  }
}

// Scores of several hundred: the running maximum has to keep the exponentials finite.
TEST_P(BlockedAttention, SurvivesLargeScores) {
  EXPECT_LT(error({1, 1, 40, 500, 64}, 100), 3e-4);  // scores are themselves rounded at 1e-5
}

INSTANTIATE_TEST_SUITE_P(Isas, BlockedAttention, testing::ValuesIn(runnable_tables()), isa_name);

}  // namespace
}  // namespace riffle::nn::kernels
