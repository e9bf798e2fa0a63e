// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/griffin_lim.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <random>

#include "audio/detail/multiarch.h"
#include "core/parallel.h"

namespace riffle::audio {
namespace {

// angles = unit(rebuilt - momentum * previous), previous = rebuilt, out = magnitude * angles; pairs
// of floats.
RIFFLE_MULTIARCH void advance(const float* rebuilt, float* previous, const float* magnitude,
                              float momentum, int64_t count, float* out) {
  for (int64_t k = 0; k < count; ++k) {
    const float re = rebuilt[2 * k] - momentum * previous[2 * k];
    const float im = rebuilt[2 * k + 1] - momentum * previous[2 * k + 1];
    previous[2 * k] = rebuilt[2 * k];
    previous[2 * k + 1] = rebuilt[2 * k + 1];
    const float scale = magnitude[k] / (std::sqrt(re * re + im * im) + 1e-16F);
    out[2 * k] = re * scale;
    out[2 * k + 1] = im * scale;
  }
}

}  // namespace

std::vector<float> griffin_lim(std::span<const float> magnitude, const Stft& stft,
                               const GriffinLimOptions& options, const Job& job) {
  ComplexSpectrogram spectrum;
  spectrum.bins = stft.bins();
  spectrum.frames = static_cast<int64_t>(magnitude.size()) / stft.bins();
  spectrum.values.resize(magnitude.size());
  if (spectrum.frames < 2) return {};
  std::mt19937_64 random(options.seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (size_t i = 0; i < magnitude.size(); ++i) {
    const float re = uniform(random);
    const float im = uniform(random);
    spectrum.values[i] = magnitude[i] * std::complex<float>(re, im);
  }
  std::vector<std::complex<float>> previous(magnitude.size());
  const auto momentum = static_cast<float>(options.momentum / (1 + options.momentum));
  const auto count = static_cast<int64_t>(magnitude.size());
  for (int i = 0; i < options.iterations; ++i) {
    job.report("phase", i, options.iterations);
    const std::vector<float> signal = stft.inverse(spectrum, job);
    const ComplexSpectrogram rebuilt = stft.forward(signal, job);
    parallel_for(count, 1 << 16, [&](int64_t begin, int64_t end) {
      advance(reinterpret_cast<const float*>(rebuilt.values.data() + begin),
              reinterpret_cast<float*>(previous.data() + begin), magnitude.data() + begin, momentum,
              end - begin, reinterpret_cast<float*>(spectrum.values.data() + begin));
    });
  }
  return stft.inverse(spectrum, job);
}

}  // namespace riffle::audio
