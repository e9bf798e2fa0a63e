// SPDX-License-Identifier: GPL-3.0-or-later
// Sound from mel amplitudes exactly as Riffusion makes it, flaws included (thin bass, unrelated
// phases of left and right, hard clipping, each clip loudness-normalised by itself). For
// comparisons and for those who need the old sound.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audio/mel_spectrogram.h"
#include "audio/spectrogram_params.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

struct CompatDecodeOptions {
  int max_mel_iters = 200;
  int num_griffin_lim_iters = 32;
  uint64_t seed = 0;
  bool apply_filters = true;  // the -12 dBFS gain and the peak normalisation after it
};

// Samples are whole multiples of 1/32768 (16-bit). Memory: about 280 KB a frame and channel at the
// defaults.
Waveform decode_spectrogram_compat(const MelSpectrogram& spectrogram,
                                   const SpectrogramParams& params,
                                   const CompatDecodeOptions& options = {}, const Job& job = {});

// Planar float -> 16-bit as the original casts: times 32767 / peak over all channels, truncated
// towards zero.
std::vector<std::vector<int16_t>> to_int16_peak(const std::vector<std::vector<float>>& samples);

// pydub's chain: gain to -12 dBFS (RMS, saturating), then peak to 0.1 dB below full scale. Silence
// stays silence.
void apply_filters_compat(std::vector<std::vector<int16_t>>& samples);

}  // namespace riffle::audio
