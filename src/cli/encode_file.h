// SPDX-License-Identifier: GPL-3.0-or-later
// A sound file through mixing, resampling and the spectrogram encoder, in blocks.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "audio/audio_reader.h"
#include "audio/mel_spectrogram.h"
#include "audio/spectrogram_params.h"
#include "core/job.h"

namespace riffle::cli {

using MelSink = std::function<void(audio::MelSpectrogram)>;

// Reads the rest of the file and hands each stretch of frames to `sink` as soon as it is complete,
// params.frames_of(samples at params.sample_rate) frames in all. `stage` names the work in the
// progress.
void encode_file(audio::AudioReader& reader, const audio::SpectrogramParams& params,
                 std::string_view stage, const Job& job, const MelSink& sink);

// All frames at once.
audio::MelSpectrogram encode_file(audio::AudioReader& reader,
                                  const audio::SpectrogramParams& params, const Job& job);

}  // namespace riffle::cli
