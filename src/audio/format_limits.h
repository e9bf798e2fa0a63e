// SPDX-License-Identifier: GPL-3.0-or-later
// The sounds Riffle accepts, checked before memory is taken for them.
#pragma once

#include "audio/waveform.h"

namespace riffle::audio {

inline constexpr int kMaxChannels = 64;
inline constexpr int kMinSampleRate = 1000;    // Hz
inline constexpr int kMaxSampleRate = 768000;  // Hz

// Frames handled at a time where a sound is streamed: 1.5 s at 44.1 kHz, 256 KiB a channel.
inline constexpr int64_t kBlockFrames = 1 << 16;

// Throws Error{InvalidArgument} beginning with `what` unless both are within the limits.
void require_format(int channels, int sample_rate, const char* what);

// The same unless the block has these channels, all equally long, at this rate.
void require_block(const Waveform& block, int channels, int sample_rate, const char* what);

}  // namespace riffle::audio
