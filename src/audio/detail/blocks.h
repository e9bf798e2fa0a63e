// SPDX-License-Identifier: GPL-3.0-or-later
// Cutting sounds into blocks and joining blocks to sounds.
#pragma once

#include <cstdint>

#include "audio/waveform.h"

namespace riffle::audio::detail {

// Frames begin..end-1; both must lie within the sound.
inline Waveform slice(const Waveform& sound, int64_t begin, int64_t end) {
  Waveform part{sound.sample_rate, {}};
  for (const auto& channel : sound.samples) {
    part.samples.emplace_back(channel.begin() + begin, channel.begin() + end);
  }
  return part;
}

// Both must have the same channels.
inline void append(Waveform& sound, const Waveform& more) {
  for (size_t c = 0; c < sound.samples.size(); ++c) {
    auto& to = sound.samples[c];
    to.insert(to.end(), more.samples[c].begin(), more.samples[c].end());
  }
}

}  // namespace riffle::audio::detail
