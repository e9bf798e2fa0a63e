// SPDX-License-Identifier: GPL-3.0-or-later
// Between FFmpeg's sample formats and planar float.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/detail/ffmpeg.h"
#include "audio/detail/quantize.h"

namespace riffle::audio::detail {

// The samples of a decoded frame, [channels][nb_samples]; integers are divided by half their range,
// so that full scale is -1..1. Throws Error{Unsupported} for a sample format FFmpeg may add later.
std::vector<std::vector<float>> planar_samples(const AVFrame& frame);

// Replaces NaN, infinities and numbers beyond 1e9 (no sound, and their squares overflow) by 0;
// returns how many.
int64_t zero_unusable(std::vector<std::vector<float>>& samples);

// Fills a frame (its format, channels and nb_samples set, its buffers allocated) with
// samples [channels][nb_samples]. Formats: s16, s32 (24 bits, left-justified), flt, fltp.
void fill_frame(AVFrame& frame, const std::vector<std::vector<float>>& samples,
                Quantizer& quantizer);

}  // namespace riffle::audio::detail
