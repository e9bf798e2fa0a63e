// SPDX-License-Identifier: GPL-3.0-or-later
// The last step of repaint.h: samples of the new sound into the old one.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "audio/stft.h"
#include "pipelines/repaint.h"

namespace riffle::pipelines {
namespace {

// Rises from 0 to 1 over `fade` samples at both ends of [first, last).
double inside_gain(int64_t i, int64_t first, int64_t last, int64_t fade) {
  const int64_t edge = std::min(i - first, last - 1 - i);
  if (edge >= fade) return 1;
  return (static_cast<double>(edge) + 0.5) / static_cast<double>(fade);
}

// 1 inside the band, falling to 0 over a twelfth of an octave beyond its edges.
double band_gain(double hz, const Band& band) {
  constexpr double kSlopeOctaves = 1.0 / 12;
  if (hz >= band.low_hz && hz <= band.high_hz) return 1;
  if (hz <= 0) return 0;
  const double octaves =
      hz < band.low_hz ? std::log2(band.low_hz / hz) : std::log2(hz / band.high_hz);
  if (octaves >= kSlopeOctaves) return 0;
  return 0.5 + 0.5 * std::cos(std::numbers::pi * octaves / kSlopeOctaves);
}

// The part of a sound that lies in a band, with its phases.
std::vector<float> band_of(std::vector<float> samples, int sample_rate, const Band& band) {
  constexpr int kFrame = 8192;
  constexpr int kHop = 2048;
  const size_t length = samples.size();
  samples.resize((length + kHop - 1) / kHop * kHop, 0.0F);
  const audio::Stft stft(kFrame, kFrame, kHop);
  audio::ComplexSpectrogram spectrum = stft.forward(samples);
  std::vector<float> gains;
  for (int bin = 0; bin < spectrum.bins; ++bin) {
    gains.push_back(
        static_cast<float>(band_gain(static_cast<double>(bin) * sample_rate / kFrame, band)));
  }
  for (size_t i = 0; i < spectrum.values.size(); ++i) {
    spectrum.values[i] *= gains[i % gains.size()];
  }
  std::vector<float> result = stft.inverse(spectrum);
  result.resize(length);
  return result;
}

// Equal in power to what it replaces while both are heard: they have nothing in common.
void replace(std::vector<float>& samples, const std::vector<float>& fresh, int64_t first,
             int64_t last, int64_t fade) {
  for (int64_t i = first; i < last; ++i) {
    const double angle = std::numbers::pi / 2 * inside_gain(i, first, last, fade);
    auto& sample = samples[static_cast<size_t>(i)];
    sample = static_cast<float>(std::cos(angle)) * sample +
             static_cast<float>(std::sin(angle)) * fresh[static_cast<size_t>(i)];
  }
}

}  // namespace

audio::Waveform spliced(const audio::Waveform& original, const audio::Waveform& replacement,
                        int64_t first, int64_t last, int64_t fade,
                        const std::optional<Band>& maybe_band) {
  audio::Waveform result = original;
  for (size_t c = 0; c < result.samples.size(); ++c) {
    std::vector<float>& samples = result.samples[c];
    if (!maybe_band) {
      replace(samples, replacement.samples[c], first, last, fade);
      continue;
    }
    std::vector<float> change = replacement.samples[c];
    for (size_t i = 0; i < change.size(); ++i) change[i] -= samples[i];
    change = band_of(std::move(change), original.sample_rate, *maybe_band);
    for (int64_t i = first; i < last; ++i) {
      samples[static_cast<size_t>(i)] +=
          static_cast<float>(inside_gain(i, first, last, fade)) * change[static_cast<size_t>(i)];
    }
  }
  return result;
}

}  // namespace riffle::pipelines
