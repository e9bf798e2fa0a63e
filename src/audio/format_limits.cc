// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/format_limits.h"

#include <fmt/format.h>

#include "core/error.h"

namespace riffle::audio {

void require_format(int channels, int sample_rate, const char* what) {
  if (channels < 1 || channels > kMaxChannels) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: {} channels, expected 1 to {}", what, channels, kMaxChannels));
  }
  if (sample_rate < kMinSampleRate || sample_rate > kMaxSampleRate) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: a sample rate of {} Hz, expected {} to {} Hz", what, sample_rate,
                            kMinSampleRate, kMaxSampleRate));
  }
}

void require_block(const Waveform& block, int channels, int sample_rate, const char* what) {
  if (block.channels() != channels || block.sample_rate != sample_rate) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: a block of {} channels at {} Hz, expected {} at {} Hz", what,
                            block.channels(), block.sample_rate, channels, sample_rate));
  }
  for (const auto& channel : block.samples) {
    if (channel.size() != block.samples[0].size()) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("{}: channels of {} and {} frames, expected equal lengths", what,
                              block.samples[0].size(), channel.size()));
    }
  }
}

}  // namespace riffle::audio
