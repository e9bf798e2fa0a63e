// SPDX-License-Identifier: GPL-3.0-or-later
// Triangular mel filters (HTK scale, no area normalisation) over the bins of a spectrum, stored as
// bands. Same numbers as torchaudio.functional.melscale_fbanks(norm=None, mel_scale="htk").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audio/spectrogram_params.h"

namespace riffle::audio {

// A sparse matrix [bins, filters] whose columns are runs of bins: filter m covers bins [first,
// first + count).
class MelFilterbank {
 public:
  // The filters of a codec over its own STFT bins.
  static MelFilterbank make(const SpectrogramParams& params);

  // Those filters seen from a spectrum sampled every `bin_hz` instead, `bins` of them: where the
  // codec's grid is the finer one, each of its bins stands for the linear interpolation of its two
  // neighbours on the coarser grid.
  static MelFilterbank resampled(const SpectrogramParams& params, double bin_hz, int bins);

  int bins() const { return bins_; }
  int filters() const { return static_cast<int>(offsets_.size()); }
  int64_t weight_count() const { return static_cast<int64_t>(weights_.size()); }

  // mel[m] = sum_k weight[k, m] amplitude[k]; amplitude: [bins], mel: [filters].
  void apply(const float* amplitude, float* mel) const;
  // back[k] = sum_m weight[k, m] value[m]; all bins are written.
  void apply_transposed(const float* value, float* back) const;
  // The same with each bin's weights scaled to sum to 1; bins under no filter give 0.
  void average(const float* value, float* back) const;

  // The weight of one filter at one bin.
  float weight(int bin, int filter) const;

 private:
  static MelFilterbank from_columns(int bins, const std::vector<std::vector<double>>& columns,
                                    const std::vector<int>& firsts);

  int bins_ = 0;
  std::vector<int> bounds_;       // (first bin, count) of each filter
  std::vector<int64_t> offsets_;  // of each filter's run in weights_ and shares_
  std::vector<float> weights_;
  std::vector<float> shares_;  // weights_ divided by the sum of their bin
};

}  // namespace riffle::audio
