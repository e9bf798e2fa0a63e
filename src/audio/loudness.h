// SPDX-License-Identifier: GPL-3.0-or-later
// How loud a sound is: EBU R128 / ITU-R BS.1770-4, through libebur128.
#pragma once

#include <cstdint>
#include <memory>

#include "audio/channel_layout.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

// What "no sound" is given as. BS.1770's absolute gate ignores whatever is below -70 LUFS, so
// nothing quieter has a loudness.
inline constexpr double kSilenceLufs = -70.0;
inline constexpr double kSilencePeakDb = -200.0;

struct Loudness {
  // Gated over blocks of 400 ms. A sound shorter than 400 ms is one block as long as it is.
  // kSilenceLufs where no block is louder than that.
  double integrated_lufs = kSilenceLufs;
  double range_lu = 0;  // EBU Tech 3342; 0 for sounds shorter than 3 s
  // Between the samples too, by oversampling four times (twice from 96 kHz, not at all from 192
  // kHz); over all channels. kSilencePeakDb for silence.
  double true_peak_dbtp = kSilencePeakDb;
  double sample_peak_dbfs = kSilencePeakDb;

  bool silent() const { return integrated_lufs <= kSilenceLufs; }
};

// Streaming. Speakers are weighted as BS.1770 says (surround +1.5 dB, LFE left out). Rates below 8
// kHz, for which BS.1770's filters do not exist, are measured at 48 kHz.
class LoudnessMeter {
 public:
  // Throws Error{InvalidArgument} for numbers outside format_limits.h.
  LoudnessMeter(int channels, int sample_rate, ChannelMask layout = kUnknownLayout);
  ~LoudnessMeter();
  LoudnessMeter(LoudnessMeter&&) noexcept;
  LoudnessMeter& operator=(LoudnessMeter&&) noexcept;

  void add(const Waveform& block);
  // Of everything added. Nothing may be added afterwards.
  Loudness finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Loudness measure_loudness(const Waveform& sound, ChannelMask layout = kUnknownLayout,
                          const Job& job = {});

struct NormalizeOptions {
  double target_lufs = -23.0;  // -60..0; R128's own: leaves room for the peaks of nearly any music
  double ceiling_dbtp = -1.0;  // -40..0
  double max_gain_db = 40.0;   // nothing is made louder than by this: noise is no music
  ChannelMask layout = kUnknownLayout;
};

struct NormalizeResult {
  double gain_db = 0;  // applied before limiting
  Loudness before;
  Loudness after;
  bool limited = false;  // peaks were held below the ceiling
};

// Brings a sound to a loudness, with its peaks held below the ceiling by the limiter (limiter.h),
// never clipped. Where limiting takes loudness away, more gain makes up for it while that helps:
// the result is within 0.2 LU of the target unless max_gain_db or a very peaky sound stands against
// it; see `after`. Silence is left as it is. Throws Error{InvalidArgument} for options out of
// range.
NormalizeResult normalize_loudness(Waveform& sound, const NormalizeOptions& options = {},
                                   const Job& job = {});

}  // namespace riffle::audio
