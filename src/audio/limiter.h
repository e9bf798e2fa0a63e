// SPDX-License-Identifier: GPL-3.0-or-later
// A peak limiter that looks ahead: it turns the gain down smoothly before a peak instead of cutting
// the peak off.
#pragma once

#include <cstdint>
#include <memory>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

struct LimiterOptions {
  double ceiling_dbtp = -1.0;  // -40..0: no true peak above this, as loudness.h measures them
  double lookahead_ms = 5.0;   // 0.5..50: the gain begins to fall this long before a peak
  double release_ms = 100.0;   // 1..5000: time in which two thirds of the gain come back
};

// Streaming. All channels get the same gain, so that the image does not move. The delay is
// compensated: process() and finish() together return as many frames as they were given, each at
// its place. Where no peak is near, the gain is exactly 1 and the samples keep their bits.
class Limiter {
 public:
  // Throws Error{InvalidArgument} for options out of range or numbers outside format_limits.h.
  Limiter(int channels, int sample_rate, const LimiterOptions& options = {});
  ~Limiter();
  Limiter(Limiter&&) noexcept;
  Limiter& operator=(Limiter&&) noexcept;

  // Returns what is ready, possibly nothing.
  Waveform process(const Waveform& block);
  // The rest. Nothing may be processed afterwards.
  Waveform finish();

  // The most the gain was turned down so far, >= 0; 0: nothing was changed.
  double reduction_db() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct LimiterResult {
  bool limited = false;
  double reduction_db = 0;  // at the loudest place, >= 0
};

// The whole sound in place.
LimiterResult limit_peaks(Waveform& sound, const LimiterOptions& options = {}, const Job& job = {});

}  // namespace riffle::audio
