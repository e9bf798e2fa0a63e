// SPDX-License-Identifier: GPL-3.0-or-later
// Sample rate conversion by libsoxr at its "very high quality" (28 bits, linear phase), flat
// up to 0.91 of the lower Nyquist frequency.
#pragma once

#include <cstdint>
#include <memory>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

// The length after conversion: round(frames * to_hz / from_hz), halves up, in integers.
int64_t resampled_frames(int64_t frames, int from_hz, int to_hz);

// Streaming. The filter's delay is compensated: frame i of the output lies at the time of frame
// i * from_hz / to_hz of the input, and everything process() and finish() return together has
// exactly resampled_frames(input) frames. Equal rates pass the samples through unchanged.
class Resampler {
 public:
  // Throws Error{InvalidArgument} for numbers outside format_limits.h.
  Resampler(int channels, int from_hz, int to_hz);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  // block: `channels` channels at from_hz, any length. Returns what is ready, possibly nothing.
  Waveform process(const Waveform& block);
  // The rest. Nothing may be processed afterwards.
  Waveform finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The whole sound at once.
Waveform resample(const Waveform& sound, int to_hz, const Job& job = {});

}  // namespace riffle::audio
