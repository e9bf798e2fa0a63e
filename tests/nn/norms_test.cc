// SPDX-License-Identifier: GPL-3.0-or-later
// Normalisation kernels against plain loops.
#include "nn/kernels/norms.h"

#include "kernel_support.h"

namespace riffle::nn::kernels {
namespace {

class Norms : public EveryIsa {};

Doubles plain_group_norm(const Floats& x, const GroupNormCall& call) {
  Doubles out(x.size());
  const int64_t each = call.channels / call.groups;
  for (int64_t i = 0; i < call.batch * call.groups; ++i) {
    const int64_t item = i / call.groups;
    const int64_t first = i % call.groups * each;
    const auto visit = [&](const auto& body) {
      for (int64_t p = 0; p < call.pixels; ++p) {
        for (int64_t c = first; c < first + each; ++c) {
          body(static_cast<size_t>((item * call.pixels + p) * call.channels + c), c);
        }
      }
    };
    const double count = static_cast<double>(each * call.pixels);
    double mean = 0;
    visit([&](size_t at, int64_t) { mean += x[at] / count; });
    double variance = 0;
    visit([&](size_t at, int64_t) { variance += (x[at] - mean) * (x[at] - mean) / count; });
    visit([&](size_t at, int64_t c) {
      const double y =
          (x[at] - mean) / std::sqrt(variance + call.epsilon) * call.weight[c] + call.bias[c];
      out[at] = call.silu ? y / (1 + std::exp(-y)) : y;
    });
  }
  return out;
}

TEST_P(Norms, GroupNormMatchesPlainLoops) {
  struct Shape {
    int64_t batch, pixels, channels, groups;
  };
  for (const Shape& s : {Shape{1, 1, 4, 2}, Shape{2, 100, 32, 32}, Shape{3, 700, 21, 3},
                         Shape{1, 1100, 320, 32}, Shape{2, 17, 5, 1}}) {
    Floats x = random_floats(s.batch * s.pixels * s.channels, 1, 3);
    for (float& v : x) v += 10;  // a mean well off zero
    const Floats weight = random_floats(s.channels, 2);
    const Floats bias = random_floats(s.channels, 3);
    for (const bool silu : {false, true}) {
      Floats out(x.size());
      const GroupNormCall call{.x = x.data(),
                               .out = out.data(),
                               .batch = s.batch,
                               .pixels = s.pixels,
                               .channels = s.channels,
                               .groups = s.groups,
                               .weight = weight.data(),
                               .bias = bias.data(),
                               .silu = silu};
      group_norm(table(), call);
      // scale x + shift cancels the mean, here up to a hundred times a small group's deviation: a
      // hundred roundings of 2^-24 at worst.
      EXPECT_LT(relative_error(out, plain_group_norm(x, call)), 1e-5) << s.pixels << " pixels";
    }
  }
}

TEST_P(Norms, SiluOfExtremes) {
  Floats x = {-1000, -90, -20, 0, 20, 90, 1000, 1};
  const Floats one(x.size(), 1);
  const Floats zero(x.size(), 0);
  Floats out(x.size());
  table().scale_channels_silu(x.data(), 1, static_cast<int64_t>(x.size()), one.data(), zero.data(),
                              out.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = x[i] / (1 + std::exp(-double{x[i]}));
    EXPECT_NEAR(out[i], want, 1e-6 * std::abs(want) + 1e-30) << x[i];
  }
}

TEST_P(Norms, LayerNormMatchesPlainLoops) {
  for (const auto& [rows, features] : {std::pair{1, 1}, {3, 5}, {130, 320}, {65, 33}, {2, 1280}}) {
    const auto width = static_cast<size_t>(features);
    const Floats x = random_floats(int64_t{rows} * features, 1, 5);
    const Floats weight = random_floats(features, 2);
    const Floats bias = random_floats(features, 3);
    Floats out(x.size());
    layer_norm(table(), x.data(), rows, features, weight.data(), bias.data(), 1e-5, out.data());
    Doubles want(x.size());
    for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
      double mean = 0;
      double variance = 0;
      for (size_t c = 0; c < width; ++c) mean += x[r * width + c] / double(features);
      for (size_t c = 0; c < width; ++c) {
        variance += std::pow(x[r * width + c] - mean, 2) / double(features);
      }
      for (size_t c = 0; c < width; ++c) {
        const double y = (x[r * width + c] - mean) / std::sqrt(variance + 1e-5);
        want[r * width + c] = y * weight[c] + bias[c];
      }
    }
    EXPECT_LT(relative_error(out, want), 2e-6) << rows << " x " << features;
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Norms, testing::ValuesIn(runnable_tables()), isa_name);

}  // namespace
}  // namespace riffle::nn::kernels
