// SPDX-License-Identifier: GPL-3.0-or-later
// Mel amplitudes (not powers, not decibels) of a sound over time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace riffle::audio {

// values: [channels, frames, rows], row 0 the lowest frequency; the scale is that of |STFT| of the
// samples it was made from (the pictures hold amplitudes of int16-scale samples, i.e. 32768 times
// those of samples in -1..1).
struct MelSpectrogram {
  int channels = 0;
  int64_t frames = 0;
  int rows = 0;
  std::vector<float> values;

  MelSpectrogram() = default;
  MelSpectrogram(int channels_in, int64_t frames_in, int rows_in)
      : channels(channels_in),
        frames(frames_in),
        rows(rows_in),
        values(static_cast<size_t>(channels_in) * static_cast<size_t>(frames_in) *
               static_cast<size_t>(rows_in)) {}

  std::span<float> frame(int channel, int64_t t) {
    return {values.data() + offset(channel, t), static_cast<size_t>(rows)};
  }
  std::span<const float> frame(int channel, int64_t t) const {
    return {values.data() + offset(channel, t), static_cast<size_t>(rows)};
  }

 private:
  size_t offset(int channel, int64_t t) const {
    return (static_cast<size_t>(channel) * static_cast<size_t>(frames) + static_cast<size_t>(t)) *
           static_cast<size_t>(rows);
  }
};

}  // namespace riffle::audio
