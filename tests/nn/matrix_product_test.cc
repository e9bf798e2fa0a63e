// SPDX-License-Identifier: GPL-3.0-or-later
// Products with packed weights against plain loops, over shapes that fit no block size.
#include "nn/kernels/matrix_product.h"

#include <tuple>

#include "kernel_support.h"
#include "nn/kernels/half_float.h"

namespace riffle::nn::kernels {
namespace {

// rows, columns, depth: single elements, remainders of every block, several depth and row blocks,
// strides of 2 KB.
constexpr std::tuple<int64_t, int64_t, int64_t> kShapes[] = {
    {1, 1, 1},    {2, 5, 3},      {7, 33, 17},    {12, 32, 64},   {13, 31, 100},
    {97, 40, 85}, {100, 77, 512}, {193, 70, 385}, {30, 650, 800}, {200, 18, 1024},
};

Doubles plain_product(const Floats& a, const Floats& w, const Floats& bias, int64_t rows,
                      int64_t columns, int64_t depth) {
  Doubles out(static_cast<size_t>(rows * columns));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      double sum = bias.empty() ? 0 : bias[static_cast<size_t>(c)];
      for (int64_t k = 0; k < depth; ++k) {
        sum +=
            double{a[static_cast<size_t>(r * depth + k)]} * w[static_cast<size_t>(c * depth + k)];
      }
      out[static_cast<size_t>(r * columns + c)] = sum;
    }
  }
  return out;
}

class MatrixProduct : public EveryIsa {};

TEST_P(MatrixProduct, MatchesPlainLoops) {
  for (const auto& [rows, columns, depth] : kShapes) {
    const Floats a = random_floats(rows * depth, 1);
    const Floats w = random_floats(columns * depth, 2);
    const Floats bias = random_floats(columns, 3);
    const Floats residual = random_floats(rows * columns, 4);
    Floats out(static_cast<size_t>(rows * columns));
    const PackedMatrix packed(table(), w.data(), columns, depth, Storage::Float);
    multiply(
        StoredRows(a.data(), depth), rows, packed,
        {.bias = bias.data(), .residual = residual.data(), .out = out.data(), .stride = columns});
    Doubles want = plain_product(a, w, bias, rows, columns, depth);
    for (size_t i = 0; i < want.size(); ++i) want[i] += residual[i];
    // Sums of up to 1024 products in float.
    EXPECT_LT(relative_error(out, want), 3e-6) << rows << " " << columns << " " << depth;
    multiply(StoredRows(a.data(), depth), rows, packed, {.out = out.data(), .stride = columns});
    EXPECT_LT(relative_error(out, plain_product(a, w, {}, rows, columns, depth)), 3e-6);
  }
}

TEST_P(MatrixProduct, GatesTheFirstHalfByTheSecond) {
  for (const auto& [rows, columns, depth] :
       {std::tuple{5, 6, 7}, {100, 130, 40}, {40, 2000, 500}}) {
    const Floats a = random_floats(rows * depth, 1);
    const Floats w = random_floats(columns * depth, 2, 0.3F);
    const Floats bias = random_floats(columns, 3);
    const int64_t half = columns / 2;
    Floats out(static_cast<size_t>(rows * half));
    const PackedMatrix packed(table(), w.data(), columns, depth, Storage::Float,
                              PackedMatrix::Order::Interleaved);
    multiply(StoredRows(a.data(), depth), rows, packed,
             {.bias = bias.data(), .out = out.data(), .stride = half});
    const Doubles both = plain_product(a, w, bias, rows, columns, depth);
    Doubles want(out.size());
    for (size_t i = 0; i < want.size(); ++i) {
      const size_t at = i / static_cast<size_t>(half) * static_cast<size_t>(columns) +
                        i % static_cast<size_t>(half);
      const double gate = both[at + static_cast<size_t>(half)];
      want[i] = both[at] * gate * 0.5 * std::erfc(-gate / std::sqrt(2.0));
    }
    EXPECT_LT(relative_error(out, want), 3e-6) << rows << " " << columns << " " << depth;
  }
}

TEST_P(MatrixProduct, UnpacksToWhatWasPacked) {
  for (const auto order : {PackedMatrix::Order::Plain, PackedMatrix::Order::Interleaved}) {
    const Floats w = random_floats(70 * 33, 5);
    Floats back(w.size());
    PackedMatrix(table(), w.data(), 70, 33, Storage::Float, order).unpack(back.data());
    EXPECT_EQ(back, w);
    PackedMatrix(table(), w.data(), 70, 33, Storage::Half, order).unpack(back.data());
    for (size_t i = 0; i < w.size(); ++i) {
      EXPECT_EQ(back[i], half_to_float(float_to_half(w[i]))) << i;
    }
  }
}

TEST_P(MatrixProduct, HalfStorageEqualsRoundedWeights) {
  const int64_t rows = 50, columns = 45, depth = 420;
  const Floats a = random_floats(rows * depth, 1);
  Floats w = random_floats(columns * depth, 2);
  Floats from_half(static_cast<size_t>(rows * columns));
  multiply(StoredRows(a.data(), depth), rows,
           PackedMatrix(table(), w.data(), columns, depth, Storage::Half),
           {.out = from_half.data(), .stride = columns});
  for (float& v : w) v = half_to_float(float_to_half(v));
  EXPECT_LT(relative_error(from_half, plain_product(a, w, {}, rows, columns, depth)), 3e-6);
}

INSTANTIATE_TEST_SUITE_P(Isas, MatrixProduct, testing::ValuesIn(runnable_tables()), isa_name);

TEST(HalfFloat, RoundTripsEveryFiniteHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if ((half & 0x7c00U) == 0x7c00U && (half & 0x3ffU) != 0) continue;  // not a number
    EXPECT_EQ(float_to_half(half_to_float(half)), half);
  }
  EXPECT_EQ(float_to_half(1.0F + 0x1p-11F), float_to_half(1.0F));  // ties to even
  EXPECT_EQ(half_to_float(float_to_half(1e6F)), INFINITY);
}

}  // namespace
}  // namespace riffle::nn::kernels
