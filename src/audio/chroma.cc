// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/chroma.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "audio/downmix.h"
#include "audio/resample.h"
#include "audio/stft.h"

namespace riffle::audio {
namespace {

// Notes a semitone apart are told apart from some 200 Hz upwards.
constexpr int kRate = 22050;
constexpr int kWindow = 8192;
constexpr int kHop = 2048;
constexpr int64_t kMedianFrames = 5;
constexpr double kLowest = 55;
constexpr double kHighest = 3500;
constexpr double kMiddleC = -9;  // semitones above A = 440 Hz
// Peaks further below the clip's loudest are not looked at.
constexpr float kPeakFloor = 2e-3F;
// Columns whose peaks are weaker than this share of the strongest column's are silent.
constexpr double kSilentColumn = 0.03;
constexpr int kHarmonics = 5;
constexpr double kHarmonicDecay = 0.6;

struct Peak {
  double semitones = 0;  // above A = 440 Hz
  double strength = 0;
};

static_assert(kMedianFrames == 5);
float median_of_five(float a, float b, float c, float d, float e) {
  // The smallest and the largest of the first four are not it.
  const float low = std::max(std::min(a, b), std::min(c, d));
  const float high = std::min(std::max(a, b), std::max(c, d));
  return std::max(std::min(low, high), std::min(std::max(low, high), e));
}

// Magnitudes [frames, bins], the median over neighbouring frames.
std::vector<float> steady_magnitudes(const ComplexSpectrogram& spectrum) {
  const auto bins = static_cast<size_t>(spectrum.bins);
  const int64_t frames = spectrum.frames;
  std::vector<float> magnitudes(spectrum.values.size());
  std::ranges::transform(spectrum.values, magnitudes.begin(), [](auto v) { return std::abs(v); });
  std::vector<float> steady(magnitudes.size());
  std::vector<float> around;
  for (int64_t t = 0; t < frames; ++t) {
    const int64_t first = std::max<int64_t>(0, t - kMedianFrames / 2);
    const int64_t last = std::min(frames, t + kMedianFrames / 2 + 1);
    if (last - first == kMedianFrames) {
      const float* row = magnitudes.data() + static_cast<size_t>(first) * bins;
      float* out = steady.data() + static_cast<size_t>(t) * bins;
      for (size_t k = 0; k < bins; ++k) {
        out[k] = median_of_five(row[k], row[k + bins], row[k + 2 * bins], row[k + 3 * bins],
                                row[k + 4 * bins]);
      }
      continue;
    }
    for (size_t k = 0; k < bins; ++k) {
      around.clear();
      for (int64_t s = first; s < last; ++s) {
        around.push_back(magnitudes[static_cast<size_t>(s) * bins + k]);
      }
      const auto middle = around.begin() + static_cast<int64_t>(around.size() / 2);
      std::ranges::nth_element(around, middle);
      steady[static_cast<size_t>(t) * bins + k] = *middle;
    }
  }
  return steady;
}

// Peaks of one frame, their frequency by a parabola through the logarithms of three bins.
std::vector<Peak> peaks_of(std::span<const float> magnitudes, float loudest) {
  constexpr double kBinHz = double{kRate} / kWindow;
  const auto first = static_cast<size_t>(kLowest / kBinHz);
  const size_t last = std::min(magnitudes.size() - 1, static_cast<size_t>(kHighest / kBinHz));
  std::vector<Peak> peaks;
  for (size_t k = first; k < last; ++k) {
    const float here = magnitudes[k];
    const bool is_peak = here > magnitudes[k - 1] && here >= magnitudes[k + 1] &&
                         here > kPeakFloor * loudest && magnitudes[k - 1] > 0 &&
                         magnitudes[k + 1] > 0;
    if (!is_peak) continue;
    const double below = std::log(magnitudes[k - 1]);
    const double middle = std::log(here);
    const double above = std::log(magnitudes[k + 1]);
    const double bend = below - 2 * middle + above;
    const double offset = bend < 0 ? 0.5 * (below - above) / bend : 0;
    const double hz = (static_cast<double>(k) + offset) * kBinHz;
    // A square root: quiet parts are heard beside loud ones.
    peaks.push_back({12 * std::log2(hz / 440), std::sqrt(here / loudest)});
  }
  return peaks;
}

// The circular mean of how far peaks lie from the keys of a piano at 440 Hz.
double tuning_of(const std::vector<std::vector<Peak>>& frames) {
  double x = 0;
  double y = 0;
  for (const auto& peaks : frames) {
    for (const Peak& peak : peaks) {
      const double angle = 2 * std::numbers::pi * peak.semitones;
      x += peak.strength * std::cos(angle);
      y += peak.strength * std::sin(angle);
    }
  }
  return x == 0 && y == 0 ? 0 : std::atan2(y, x) / (2 * std::numbers::pi);
}

// Spreads a note's strength over the pitch classes within 2/3 of a semitone (Gomez, eq. 3.4).
void add_note(PitchClasses& column, double semitones_from_a, double strength) {
  constexpr double kReach = 2.0 / 3;
  const double pitch = semitones_from_a + 9;  // from C
  for (int near = 0; near < 2; ++near) {
    const double note = std::floor(pitch) + near;
    const double distance = std::abs(pitch - note) / kReach;
    if (distance >= 1) continue;
    const double share = std::cos(distance * std::numbers::pi / 2);
    const auto pitch_class = static_cast<size_t>((static_cast<int64_t>(note) % 12 + 12) % 12);
    column[pitch_class] += static_cast<float>(strength * share * share);
  }
}

PitchClasses column_of(const std::vector<Peak>& peaks, double tuning) {
  PitchClasses column{};
  for (const Peak& peak : peaks) {
    double share = 1;
    for (int harmonic = 1; harmonic <= kHarmonics; ++harmonic) {
      const double fundamental = peak.semitones - tuning - 12 * std::log2(harmonic);
      add_note(column, fundamental, share * peak.strength);
      share *= kHarmonicDecay;
    }
  }
  return column;
}

PitchClasses bass_of(const std::vector<Peak>& peaks, double tuning) {
  PitchClasses column{};
  for (const Peak& peak : peaks) {
    const double semitones = peak.semitones - tuning;
    if (semitones < kMiddleC) add_note(column, semitones, peak.strength);
  }
  return column;
}

void scale_to_one(PitchClasses& column) {
  const float largest = std::ranges::max(column);
  if (largest <= 0) return;
  for (float& value : column) value /= largest;
}

}  // namespace

Chroma chroma_of(const Waveform& sound, const Job& job) {
  Chroma chroma{.rate_hz = double{kRate} / kHop, .tuning_semitones = 0, .columns = {}, .bass = {}};
  if (sound.frames() == 0) return chroma;
  const Waveform mono = resample(mix_channels(sound, kUnknownLayout, 1), kRate, job);
  const std::vector<float>& signal = mono.samples[0];
  const auto spectrum = Stft(kWindow, kWindow, kHop).forward(signal, job);
  const std::vector<float> magnitudes = steady_magnitudes(spectrum);
  const float loudest = std::ranges::max(magnitudes);
  // An amplitude of 1e-5 under a window whose values sum to half its length.
  constexpr float kSilence = 1e-5F * kWindow / 4;
  chroma.columns.resize(static_cast<size_t>(spectrum.frames));
  chroma.bass.resize(chroma.columns.size());
  if (loudest < kSilence) return chroma;

  const auto bins = static_cast<size_t>(spectrum.bins);
  std::vector<std::vector<Peak>> peaks;
  std::vector<double> strengths;
  for (size_t t = 0; t < chroma.columns.size(); ++t) {
    peaks.push_back(peaks_of({magnitudes.data() + t * bins, bins}, loudest));
    double strength = 0;
    for (const Peak& peak : peaks.back()) strength += peak.strength * peak.strength;
    strengths.push_back(strength);
  }
  chroma.tuning_semitones = tuning_of(peaks);
  const double audible = kSilentColumn * std::ranges::max(strengths);
  for (size_t t = 0; t < chroma.columns.size(); ++t) {
    if (strengths[t] < audible || strengths[t] == 0) continue;
    chroma.columns[t] = column_of(peaks[t], chroma.tuning_semitones);
    scale_to_one(chroma.columns[t]);
    chroma.bass[t] = bass_of(peaks[t], chroma.tuning_semitones);
    scale_to_one(chroma.bass[t]);
  }
  return chroma;
}

std::vector<PitchClasses> notes_heard(const Waveform& sound, double stretch_s, int64_t count,
                                      const Job& job) {
  // What is weaker beside the strongest note are its overtones more often than notes.
  constexpr float kOvertones = 0.25F;
  const Chroma chroma = chroma_of(sound, job);
  const double columns_per_stretch = stretch_s * chroma.rate_hz;
  const auto all = static_cast<int64_t>(chroma.columns.size());
  const auto place = [&](int64_t stretch) {
    return std::clamp(std::llround(static_cast<double>(stretch) * columns_per_stretch), 0LL,
                      static_cast<long long>(all));
  };
  std::vector<PitchClasses> heard;
  for (int64_t i = 0; i < count; ++i) {
    const auto first = static_cast<size_t>(place(i));
    const auto last = static_cast<size_t>(place(i + 1));
    heard.push_back(mean_of_columns(std::span(chroma.columns).subspan(first, last - first)));
    for (float& value : heard.back()) {
      value = std::max(0.0F, (value - kOvertones) / (1 - kOvertones));
    }
  }
  return heard;
}

PitchClasses mean_of_columns(std::span<const PitchClasses> columns) {
  PitchClasses mean{};
  for (const PitchClasses& column : columns) {
    for (size_t c = 0; c < 12; ++c) mean[c] += column[c];
  }
  scale_to_one(mean);
  return mean;
}

}  // namespace riffle::audio
