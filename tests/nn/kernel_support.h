// SPDX-License-Identifier: GPL-3.0-or-later
// Random data and distances for the kernel tests, which compare with plain loops in double.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "nn/kernels/table.h"

namespace riffle::nn::kernels {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

inline Floats random_floats(int64_t count, unsigned seed, float scale = 1) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0, scale);
  Floats values(static_cast<size_t>(count));
  for (float& v : values) v = normal(engine);
  return values;
}

// Largest difference, over the largest expected magnitude.
inline double relative_error(const Floats& got, const Doubles& want) {
  double error = 0;
  double largest = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    if (!std::isfinite(got[i])) return INFINITY;
    error = std::max(error, std::abs(got[i] - want[i]));
    largest = std::max(largest, std::abs(want[i]));
  }
  return largest == 0 ? error : error / largest;
}

// Runs a test body once for each instruction set this processor has.
class EveryIsa : public testing::TestWithParam<const KernelTable*> {
 protected:
  const KernelTable& table() const { return *GetParam(); }
};

inline std::string isa_name(const testing::TestParamInfo<const KernelTable*>& info) {
  return std::string(name_of(info.param->isa));
}

}  // namespace riffle::nn::kernels
