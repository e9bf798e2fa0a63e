// SPDX-License-Identifier: GPL-3.0-or-later
// Band-limited sound from a low rate to a higher one in the ratio of two hops, as a stream:
// Hann-windowed stretches overlapped by half, each taken to the higher rate by zero-padding its
// spectrum. The windows add to one, so the whole is linear and time-invariant in steps of a hop,
// and content below the low rate's Nyquist frequency passes unchanged.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audio/fft.h"
#include "audio/phase_gradient.h"

namespace riffle::audio {

class BandUpsampler {
 public:
  // Every from.hop input samples become to_hop output samples; from.win * to_hop must be a multiple
  // of from.hop.
  BandUpsampler(const StftGeometry& from, int to_hop);

  // Output that is complete so far. With `last` everything is flushed; the first and last win / 2
  // output samples carry only a window's slope and are for the caller to trim.
  std::vector<float> push(std::span<const float> samples, bool last);

 private:
  void transform(const float* stretch);

  int step_in_;
  int step_out_;
  RealFft fft_in_;
  RealFft fft_out_;
  std::vector<float> window_in_;
  std::vector<float> window_out_;
  AlignedBuffer<float> time_in_;
  AlignedBuffer<float> time_out_;
  AlignedBuffer<std::complex<float>> spectrum_in_;
  AlignedBuffer<std::complex<float>> spectrum_out_;
  std::vector<float> input_;   // not yet fully used
  std::vector<float> output_;  // overlapping tail
  std::vector<float> weight_;  // of the tail
};

}  // namespace riffle::audio
