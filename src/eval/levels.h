// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of sound as the judges look at them, and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "audio/spectrogram_params.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::eval {

// Levels of a sound mixed to mono, uint8 [rows, frames] as corpora hold them: 255 = white =
// silence, the lowest mel row last, 0 = max_value, or the sound's loudest where that is 0. A silent
// sound is white.
at::Tensor levels_of_sound(const audio::Waveform& sound, const audio::SpectrogramParams& params,
                           const Job& job = {}, double max_value = 0);

// The sound that levels stand for, by the codec, mono; max_value: the amplitude of black.
audio::Waveform sound_of_levels(const at::Tensor& levels, const audio::SpectrogramParams& params,
                                double max_value, int iterations = 24, const Job& job = {});

// Windows of `frames` columns, at least half a window apart and evenly spread, the first at the
// beginning and the last at the end: [N, rows, frames]. What is shorter than a window is followed
// by silence.
at::Tensor windows_of(const at::Tensor& levels, int64_t frames);

}  // namespace riffle::eval
