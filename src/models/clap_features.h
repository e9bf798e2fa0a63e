// SPDX-License-Identifier: GPL-3.0-or-later
// What CLAP hears with: log-mel spectra of ten seconds of sound, as its feature extractor without
// fusion makes them (Wu et al. 2023, arXiv:2211.06687; Slaney's mel scale, filters of equal area).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "core/job.h"
#include "core/json.h"

namespace riffle::models {

// Names and meaning of preprocessor_config.json's fields; defaults are LAION's.
struct ClapFeatureConfig {
  int64_t sampling_rate = 48000;    // Hz
  int64_t fft_window_size = 1024;   // samples
  int64_t hop_length = 480;         // samples
  int64_t feature_size = 64;        // mel bands
  double frequency_min = 50;        // Hz
  double frequency_max = 14000;     // Hz
  int64_t nb_max_samples = 480000;  // of a clip
  // Samples are rounded to 16 bits first, as LAION's own programs do (not in the file).
  bool int16_round_trip = false;

  int64_t clip_frames() const { return nb_max_samples / hop_length + 1; }

  // Throws Error{BadFile, Unsupported} naming the field.
  static ClapFeatureConfig from_json(const Json& json, const std::string& where);
  Json to_json() const;
};

class ClapFeatures {
 public:
  explicit ClapFeatures(ClapFeatureConfig config);

  // mono: [samples] at the sampling rate, at least one -> [1 + samples / hop, bands] in dB,
  // float32, on the CPU: 10 log10 of the power in each band, at least -100. Frames are centred,
  // edges reflected.
  at::Tensor log_mel(const at::Tensor& mono) const;

  // Clips of exactly nb_max_samples, [clips, frames, bands]. A shorter sound is repeated as often
  // as it fits whole, then followed by silence; a longer one gives as few clips as cover it,
  // evenly spaced. Throws Error{InvalidArgument} for anything but [samples], Error{Cancelled}.
  at::Tensor clips(const at::Tensor& mono, const Job& job = {}) const;

  const ClapFeatureConfig& config() const { return config_; }

 private:
  ClapFeatureConfig config_;
  at::Tensor window_;   // [fft_window_size], float64
  at::Tensor filters_;  // [bins, bands], float64
};

// As a corpus keeps spectra: uint8 [bands, frames], 255 for silence (-100 dB), 0 for 40 dB, the
// lowest band last; and back, [frames, bands] in dB.
at::Tensor clap_levels(const at::Tensor& log_mel);
at::Tensor clap_log_mel(const at::Tensor& levels);

// Slaney's mel scale (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above.
double slaney_mel_of_hz(double hz);
double slaney_hz_of_mel(double mel);

}  // namespace riffle::models
