// SPDX-License-Identifier: GPL-3.0-or-later
// Spectrum magnitudes from mel amplitudes. 512 numbers do not determine 8821; both functions return
// non-negative answers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audio/mel_filterbank.h"
#include "audio/mel_spectrogram.h"
#include "core/job.h"

namespace riffle::audio {

struct InverseMelOptions {
  int max_iterations = 200;
  double tolerance =
      1e-4;  // stop a frame when |mel(spectrum) - mel| falls below this share of |mel|
};

// Richardson-Lucy (Lucy 1974, eq. 15): each bin is scaled by the average ratio of wanted to present
// mel amplitude over its filters. Converges to a non-negative solution, each frame on its own, so
// neither the picture's width nor its channels change the result. mel: [frames, filters]; returns
// [frames, bins]; bins under no filter are 0.
std::vector<float> inverse_mel(std::span<const float> mel, int64_t frames,
                               const MelFilterbank& bank, const InverseMelOptions& options = {},
                               const Job& job = {});

struct InverseMelSgdOptions {
  int max_iterations = 200;
  double tolerance_loss = 1e-5;
  double tolerance_change = 1e-8;
  uint64_t seed = 0;  // of the uniform start
};

// What torchaudio < 2.1's InverseMelScale does, flaws included: gradient descent (rate 0.1,
// momentum 0.9) on a loss that is averaged over channels and frames, so that long or stereo
// pictures stop further from the answer (bass first). Returns [channels * frames, bins] in the
// spectrogram's channel and frame order.
std::vector<float> inverse_mel_sgd(const MelSpectrogram& mel, const MelFilterbank& bank,
                                   const InverseMelSgdOptions& options = {}, const Job& job = {});

}  // namespace riffle::audio
