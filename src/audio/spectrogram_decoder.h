// SPDX-License-Identifier: GPL-3.0-or-later
// Sound from mel amplitudes, the default ("best") way: phase_retrieval.h over blocks. Each block
// continues the samples of the one before it, so that a spectrogram of any length comes back with
// bounded memory and without a seam.
#pragma once

#include <cstdint>
#include <memory>

#include "audio/mel_spectrogram.h"
#include "audio/phase_retrieval.h"
#include "audio/spectrogram_params.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

struct DecodeOptions {
  int iterations = 24;      // of fast Griffin-Lim, 1 to 10000
  uint64_t seed = 0;        // same seed, same samples
  int block_frames = 1024;  // memory: about 50 KB a frame and channel at the defaults
};

class SpectrogramDecoder {
 public:
  // Throws Error{InvalidArgument} for parameters out of range.
  SpectrogramDecoder(const SpectrogramParams& params, const DecodeOptions& options);
  ~SpectrogramDecoder();
  SpectrogramDecoder(SpectrogramDecoder&&) noexcept;
  SpectrogramDecoder& operator=(SpectrogramDecoder&&) noexcept;

  // Adds frames and returns the sound that is finished. Channels and rows must be the parameters'.
  Waveform push(const MelSpectrogram& frames, const Job& job = {});
  // The rest. Altogether hop * (frames - 1) samples have then been returned; fewer than two frames
  // hold no sound: Error{InvalidArgument}.
  Waveform finish(const Job& job = {});

  const PhaseRetrieval& retrieval() const;  // of the latest block, for its timing

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole at once. The amplitude scale is that of pictures (samples times 32768), so amplitudes
// as encoded give back samples as loud as they were.
Waveform decode_spectrogram(const MelSpectrogram& spectrogram, const SpectrogramParams& params,
                            const DecodeOptions& options = {}, const Job& job = {});

}  // namespace riffle::audio
