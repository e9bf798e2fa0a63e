// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/mel_filterbank.h"

#include <algorithm>
#include <cmath>

#include "audio/detail/multiarch.h"
#include "core/mel_scale.h"

namespace riffle::audio {
namespace {

// Edges of the triangles in Hz: filters + 2 points equally spaced in mel.
std::vector<double> band_edges(const SpectrogramParams& params) {
  const double low = hz_to_mel(params.min_frequency);
  const double high = hz_to_mel(params.max_frequency);
  std::vector<double> edges(static_cast<size_t>(params.num_frequencies) + 2);
  for (size_t i = 0; i < edges.size(); ++i) {
    edges[i] = mel_to_hz(low + (high - low) * static_cast<double>(i) /
                                   static_cast<double>(edges.size() - 1));
  }
  return edges;
}

double triangle(double hz, double left, double centre, double right) {
  return std::max(0.0, std::min((hz - left) / (centre - left), (right - hz) / (right - centre)));
}

// The non-zero run of one triangle over bins spaced bin_hz.
std::vector<double> sample_triangle(const double* edge, double bin_hz, int bins, int& first) {
  first = std::clamp(static_cast<int>(std::floor(edge[0] / bin_hz)), 0, bins);
  const int last = std::clamp(static_cast<int>(std::ceil(edge[2] / bin_hz)), 0, bins - 1);
  std::vector<double> column;
  for (int k = first; k <= last; ++k)
    column.push_back(triangle(k * bin_hz, edge[0], edge[1], edge[2]));
  while (!column.empty() && column.back() <= 0) column.pop_back();
  size_t leading = 0;
  while (leading < column.size() && column[leading] <= 0) ++leading;
  column.erase(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(leading));
  first += static_cast<int>(leading);
  return column;
}

// Runs are short (2 to 50 bins), so the loops stay here, with the band's bounds already in
// registers.
RIFFLE_MULTIARCH void gather(const float* amplitude, const float* weights, const int* bounds,
                             int filters, float* mel) {
  for (int m = 0; m < filters; ++m) {
    const float* a = amplitude + bounds[2 * m];
    const int count = bounds[2 * m + 1];
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < count; ++i) sum += a[i] * weights[i];
    mel[m] = sum;
    weights += count;
  }
}

RIFFLE_MULTIARCH void scatter(const float* value, const float* weights, const int* bounds,
                              int filters, float* back) {
  for (int m = 0; m < filters; ++m) {
    float* b = back + bounds[2 * m];
    const int count = bounds[2 * m + 1];
    const float v = value[m];
#pragma omp simd
    for (int i = 0; i < count; ++i) b[i] += v * weights[i];
    weights += count;
  }
}

}  // namespace

MelFilterbank MelFilterbank::from_columns(int bins, const std::vector<std::vector<double>>& columns,
                                          const std::vector<int>& firsts) {
  MelFilterbank bank;
  bank.bins_ = bins;
  std::vector<double> sums(static_cast<size_t>(bins));
  for (size_t m = 0; m < columns.size(); ++m) {
    bank.bounds_.push_back(firsts[m]);
    bank.bounds_.push_back(static_cast<int>(columns[m].size()));
    bank.offsets_.push_back(static_cast<int64_t>(bank.weights_.size()));
    for (size_t i = 0; i < columns[m].size(); ++i) {
      bank.weights_.push_back(static_cast<float>(columns[m][i]));
      sums[static_cast<size_t>(firsts[m]) + i] += columns[m][i];
    }
  }
  for (size_t m = 0; m < columns.size(); ++m) {
    for (size_t i = 0; i < columns[m].size(); ++i) {
      bank.shares_.push_back(
          static_cast<float>(columns[m][i] / sums[static_cast<size_t>(firsts[m]) + i]));
    }
  }
  return bank;
}

MelFilterbank MelFilterbank::make(const SpectrogramParams& params) {
  // torchaudio's bin centres are linspace(0, sample_rate // 2, n_fft // 2 + 1).
  return resampled(params, static_cast<double>(params.sample_rate / 2) / (params.stft_bins() - 1),
                   params.stft_bins());
}

MelFilterbank MelFilterbank::resampled(const SpectrogramParams& params, double bin_hz, int bins) {
  const double own_hz = static_cast<double>(params.sample_rate / 2) / (params.stft_bins() - 1);
  const double ratio = own_hz / bin_hz;  // codec bin k lies at ratio * k of the new grid
  const std::vector<double> edges = band_edges(params);
  std::vector<std::vector<double>> columns;
  std::vector<int> firsts;
  for (int m = 0; m < params.num_frequencies; ++m) {
    const double* edge = &edges[static_cast<size_t>(m)];
    int first = 0;
    if (ratio >= 1.0) {
      // The codec's grid is no finer: sample the triangle itself, keeping the sum over a constant
      // spectrum.
      std::vector<double> column = sample_triangle(edge, bin_hz, bins, first);
      for (double& w : column) w /= ratio;
      columns.push_back(std::move(column));
    } else {
      int own_first = 0;
      const std::vector<double> own = sample_triangle(edge, own_hz, params.stft_bins(), own_first);
      first = std::min(bins - 1, static_cast<int>(std::floor(own_first * ratio)));
      std::vector<double> column;
      for (size_t i = 0; i < own.size(); ++i) {
        const double x = (own_first + static_cast<double>(i)) * ratio;
        const int j = static_cast<int>(std::floor(x));
        const double part = x - j;
        for (const auto& [bin, share] : {std::pair{j, 1.0 - part}, std::pair{j + 1, part}}) {
          if (bin >= bins || share <= 1e-9) continue;
          column.resize(std::max(column.size(), static_cast<size_t>(bin - first) + 1));
          column[static_cast<size_t>(bin - first)] += own[i] * share;
        }
      }
      columns.push_back(std::move(column));
    }
    firsts.push_back(first);
  }
  return from_columns(bins, columns, firsts);
}

void MelFilterbank::apply(const float* amplitude, float* mel) const {
  gather(amplitude, weights_.data(), bounds_.data(), filters(), mel);
}

void MelFilterbank::apply_transposed(const float* value, float* back) const {
  std::fill_n(back, bins_, 0.0F);
  scatter(value, weights_.data(), bounds_.data(), filters(), back);
}

void MelFilterbank::average(const float* value, float* back) const {
  std::fill_n(back, bins_, 0.0F);
  scatter(value, shares_.data(), bounds_.data(), filters(), back);
}

float MelFilterbank::weight(int bin, int filter) const {
  const auto m = static_cast<size_t>(filter);
  const int i = bin - bounds_[2 * m];
  return i >= 0 && i < bounds_[2 * m + 1] ? weights_[static_cast<size_t>(offsets_[m] + i)] : 0.0F;
}

}  // namespace riffle::audio
