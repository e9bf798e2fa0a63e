// SPDX-License-Identifier: GPL-3.0-or-later
// Sound to the picture levels a corpus holds.
#pragma once

#include <ATen/core/Tensor.h>

#include "audio/spectrogram_json.h"
#include "audio/spectrogram_params.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::corpus {

// riffle-small's: 256 mel rows from 20 Hz to 16 kHz, a frame every 20 ms.
audio::SpectrogramParams default_spectrogram();

struct Levels {
  // uint8 [num_frequencies, frames], the lowest mel row last:
  // round(255 (1 - (S / max)^power)), 255 = silence.
  at::Tensor levels;
  double max_value = 0;  // 0: nothing sounds, all levels are 255
};

// sound: as many channels as wished, mixed to mono. Throws what SpectrogramEncoder throws.
Levels levels_of(const audio::Waveform& sound, const audio::SpectrogramParams& params,
                 const Job& job = {});

}  // namespace riffle::corpus
