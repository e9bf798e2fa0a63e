// SPDX-License-Identifier: GPL-3.0-or-later
// Sound to mel amplitudes, as Riffusion encodes it: |STFT| of int16-scale samples (power 1) through
// the mel filters. A stream: an hour of sound needs no more memory than a second.
#pragma once

#include <memory>

#include "audio/mel_spectrogram.h"
#include "audio/spectrogram_params.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

class SpectrogramEncoder {
 public:
  // Throws Error{InvalidArgument} for parameters out of range.
  explicit SpectrogramEncoder(const SpectrogramParams& params);
  ~SpectrogramEncoder();
  SpectrogramEncoder(SpectrogramEncoder&&) noexcept;
  SpectrogramEncoder& operator=(SpectrogramEncoder&&) noexcept;

  // Adds samples (-1..1) and returns the frames that are complete. Rate and channels must be the
  // parameters' (Error{InvalidArgument}): resample.h and downmix.h bring sound there.
  MelSpectrogram push(const Waveform& block, const Job& job = {});
  // The rest. Altogether params.frames_of(samples) frames. A sound shorter than half a window is
  // mirrored as often as its edges need (the original refuses it); a sound of no samples is
  // Error{InvalidArgument}.
  MelSpectrogram finish(const Job& job = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

MelSpectrogram encode_spectrogram(const Waveform& sound, const SpectrogramParams& params,
                                  const Job& job = {});

}  // namespace riffle::audio
