// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernels/norms.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/parallel.h"
#include "nn/kernels/buffer.h"

namespace riffle::nn::kernels {
namespace {

constexpr int64_t kFloatPixels = 64;  // pixels summed in float before the sums go on in double
constexpr int64_t kTaskPixels = 512;

// Sums and sums of squares, [channels] each, of some pixels.
void add_sums(const KernelTable& table, const float* x, int64_t pixels, int64_t channels,
              double* sums) {
  std::vector<float> part(static_cast<size_t>(2 * channels));
  for (int64_t p = 0; p < pixels; p += kFloatPixels) {
    std::fill(part.begin(), part.end(), 0.0F);
    table.channel_sums(x + p * channels, std::min(kFloatPixels, pixels - p), channels, part.data(),
                       part.data() + channels);
    for (size_t i = 0; i < part.size(); ++i) sums[i] += part[i];
  }
}

// Sums of all pixels of one item to out = scale x + shift.
void make_affine(const GroupNormCall& call, const double* sums, float* scale, float* shift) {
  const int64_t each = call.channels / call.groups;
  const double count = static_cast<double>(each) * static_cast<double>(call.pixels);
  for (int64_t group = 0; group < call.groups; ++group) {
    double sum = 0;
    double square = 0;
    for (int64_t c = group * each; c < (group + 1) * each; ++c) {
      sum += sums[c];
      square += sums[call.channels + c];
    }
    const double mean = sum / count;
    const double variance = std::max(0.0, square / count - mean * mean);
    const double inverse = 1.0 / std::sqrt(variance + call.epsilon);
    for (int64_t c = group * each; c < (group + 1) * each; ++c) {
      scale[c] = static_cast<float>(call.weight[c] * inverse);
      shift[c] = static_cast<float>(call.bias[c] - call.weight[c] * inverse * mean);
    }
  }
}

}  // namespace

void group_norm(const KernelTable& table, const GroupNormCall& call) {
  const int64_t channels = call.channels;
  const int64_t blocks = (call.pixels + kTaskPixels - 1) / kTaskPixels;
  std::vector<double> sums(static_cast<size_t>(call.batch * blocks * 2 * channels), 0.0);
  const auto pixels_of = [&](int64_t block) {
    return std::min(kTaskPixels, call.pixels - block * kTaskPixels);
  };
  const auto offset_of = [&](int64_t task) {
    return (task / blocks * call.pixels + task % blocks * kTaskPixels) * channels;
  };
  parallel_for(call.batch * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      add_sums(table, call.x + offset_of(task), pixels_of(task % blocks), channels,
               sums.data() + task * 2 * channels);
    }
  });
  std::vector<float> affine(static_cast<size_t>(call.batch * 2 * channels));
  for (int64_t item = 0; item < call.batch; ++item) {
    double* total = sums.data() + item * blocks * 2 * channels;
    for (int64_t block = 1; block < blocks; ++block) {
      for (int64_t i = 0; i < 2 * channels; ++i) total[i] += total[block * 2 * channels + i];
    }
    float* scale = affine.data() + item * 2 * channels;
    make_affine(call, total, scale, scale + channels);
  }
  const auto apply = call.silu ? table.scale_channels_silu : table.scale_channels;
  parallel_for(call.batch * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const float* scale = affine.data() + task / blocks * 2 * channels;
      apply(call.x + offset_of(task), pixels_of(task % blocks), channels, scale, scale + channels,
            call.out + offset_of(task));
    }
  });
}

void layer_norm(const KernelTable& table, const float* x, int64_t rows, int64_t features,
                const float* weight, const float* bias, double epsilon, float* out) {
  parallel_for(rows, 64, [&](int64_t begin, int64_t end) {
    table.layer_norm(x + begin * features, end - begin, features, weight, bias,
                     static_cast<float>(epsilon), out + begin * features);
  });
}

}  // namespace riffle::nn::kernels
