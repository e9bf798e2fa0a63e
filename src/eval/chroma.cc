// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/chroma.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "eval/signal.h"

namespace riffle::eval {
namespace {

// Smoothed over three columns, each without its mean and at unit length; one row.
std::vector<float> comparable(const Chroma& chroma) {
  const auto count = static_cast<int64_t>(chroma.columns.size());
  std::vector<float> row;
  row.reserve(chroma.columns.size() * 12);
  for (int64_t t = 0; t < count; ++t) {
    PitchClasses sum{};
    for (int64_t s = std::max<int64_t>(0, t - 1); s < std::min(count, t + 2); ++s) {
      for (size_t c = 0; c < 12; ++c) sum[c] += chroma.columns[static_cast<size_t>(s)][c];
    }
    const auto mean = static_cast<float>(mean_of(sum));
    for (float& value : sum) value -= mean;
    const float length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0F));
    for (const float value : sum) row.push_back(length > 0 ? value / length : 0.0F);
  }
  return row;
}

}  // namespace

double chroma_correlation(const Chroma& a, const Chroma& b) {
  return correlation(comparable(a), comparable(b));
}

}  // namespace riffle::eval
