// SPDX-License-Identifier: GPL-3.0-or-later
// Sound in memory: planar float samples, nominal range -1..1 (not clipped).
#pragma once

#include <cstdint>
#include <vector>

namespace riffle::audio {

struct Waveform {
  int sample_rate = 44100;                  // Hz
  std::vector<std::vector<float>> samples;  // [channel][frame], all channels equally long

  int channels() const { return static_cast<int>(samples.size()); }
  int64_t frames() const { return samples.empty() ? 0 : static_cast<int64_t>(samples[0].size()); }
  double duration_s() const { return static_cast<double>(frames()) / sample_rate; }
};

}  // namespace riffle::audio
