// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/inverse_mel.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <random>

#include "audio/detail/denormals.h"
#include "audio/detail/multiarch.h"
#include "core/parallel.h"

namespace riffle::audio {
namespace {

RIFFLE_MULTIARCH void ratios(const float* wanted, const float* present, int count, float* out) {
  for (int i = 0; i < count; ++i) out[i] = wanted[i] / std::max(present[i], 1e-30F);
}

RIFFLE_MULTIARCH void multiply(float* values, const float* factors, int count) {
  for (int i = 0; i < count; ++i) values[i] *= factors[i];
}

RIFFLE_MULTIARCH double squared_distance(const float* a, const float* b, int count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int i = 0; i < count; ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += d * d;
  }
  return sum;
}

// One step of SGD with momentum on one frame; velocity starts as the first gradient (torch's rule
// with dampening 0).
RIFFLE_MULTIARCH void sgd_step(float* s, float* velocity, const float* back, int bins,
                               float gradient_scale, bool first) {
  const float keep = first ? 0.0F : 0.9F;
  for (int k = 0; k < bins; ++k) {
    velocity[k] = keep * velocity[k] + gradient_scale * back[k];
    s[k] = std::max(0.0F, s[k] - 0.1F * velocity[k]);
  }
}

}  // namespace

std::vector<float> inverse_mel(std::span<const float> mel, int64_t frames,
                               const MelFilterbank& bank, const InverseMelOptions& options,
                               const Job& job) {
  const int bins = bank.bins();
  const int rows = bank.filters();
  std::vector<float> result(static_cast<size_t>(frames) * static_cast<size_t>(bins));
  parallel_for(frames, 16, [&](int64_t begin, int64_t end) {
    job.check();
    const FlushDenormals flush;
    std::vector<float> present(static_cast<size_t>(rows));
    std::vector<float> ratio(static_cast<size_t>(rows));
    std::vector<float> factor(static_cast<size_t>(bins));
    const std::vector<float> nothing(static_cast<size_t>(rows));
    for (int64_t t = begin; t < end; ++t) {
      const float* wanted = mel.data() + t * rows;
      float* s = result.data() + t * bins;
      const double enough =
          options.tolerance * options.tolerance * squared_distance(wanted, nothing.data(), rows);
      bank.average(wanted, s);
      for (int i = 0; i < options.max_iterations; ++i) {
        bank.apply(s, present.data());
        if (squared_distance(wanted, present.data(), rows) <= enough) break;
        ratios(wanted, present.data(), rows, ratio.data());
        bank.average(ratio.data(), factor.data());
        multiply(s, factor.data(), bins);
      }
    }
  });
  return result;
}

std::vector<float> inverse_mel_sgd(const MelSpectrogram& mel, const MelFilterbank& bank,
                                   const InverseMelSgdOptions& options, const Job& job) {
  const int bins = bank.bins();
  const int rows = bank.filters();
  const int64_t count = mel.channels * mel.frames;
  std::vector<float> s(static_cast<size_t>(count) * static_cast<size_t>(bins));
  std::vector<float> velocity(s.size());
  std::mt19937_64 random(options.seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (float& v : s) v = uniform(random);

  double previous_loss = 0;
  for (int i = 0; i < options.max_iterations; ++i) {
    job.report("inverse mel", i, options.max_iterations);
    double loss = 0;
    std::mutex mutex;
    parallel_for(count, 16, [&](int64_t begin, int64_t end) {
      job.check();
      std::vector<float> present(static_cast<size_t>(rows));
      std::vector<float> back(static_cast<size_t>(bins));
      double block_loss = 0;
      for (int64_t t = begin; t < end; ++t) {
        const float* wanted = mel.values.data() + t * rows;
        bank.apply(s.data() + t * bins, present.data());
        block_loss += squared_distance(wanted, present.data(), rows);
        for (int m = 0; m < rows; ++m) present[static_cast<size_t>(m)] -= wanted[m];
        bank.apply_transposed(present.data(), back.data());
        sgd_step(s.data() + t * bins, velocity.data() + t * bins, back.data(), bins,
                 2.0F / static_cast<float>(count), i == 0);
      }
      const std::lock_guard lock(mutex);
      loss += block_loss / static_cast<double>(count);
    });
    if (loss < options.tolerance_loss || std::abs(previous_loss - loss) < options.tolerance_change)
      break;
    previous_loss = loss;
  }
  return s;
}

}  // namespace riffle::audio
