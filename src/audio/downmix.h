// SPDX-License-Identifier: GPL-3.0-or-later
// From any number of channels to another, sample by sample (blocks of a stream may be given one by
// one).
#pragma once

#include <cstdint>
#include <vector>

#include "audio/channel_layout.h"
#include "audio/waveform.h"

namespace riffle::audio {

// gains: [to][from]. The rules, in this order:
// - equal numbers: unchanged.
// - to mono: the mean of all channels with equal weights, LFE too (as Riffusion's training data was
//   made).
// - mono to stereo: copied to both.
// - to stereo: after ITU-R BS.775: front, side, back and top speakers of the left go to the left at
//   0 dB (front) or -3 dB (others), the same on the right; centre speakers go to both at -3 dB
//   (front) or -6 dB (back); LFE is dropped. Both rows are then divided by the larger of their sums
//   where that exceeds 1, so that what did not clip cannot clip. More than 8 channels of unknown
//   layout: the odd ones (first, third, ...) averaged to the left, the even ones to the right.
// - to more than two: made stereo first; that lies in the first two channels, the rest is silent.
// Throws Error{InvalidArgument} for numbers outside 1..kMaxChannels.
std::vector<std::vector<float>> mix_gains(int from, ChannelMask layout, int to);

Waveform mix_channels(const Waveform& sound, ChannelMask layout, int to);

// Riffusion's (pydub's) way to mono in integers, for parity with its encoder: samples rounded to
// int16 and saturated, then for two channels floor((l + r) / 2), for more the sum of floor(x / n).
// Returns [frames] on the int16 scale (-32768..32767).
std::vector<float> mix_to_mono_int16(const Waveform& sound);

// One channel as int16 values in floats, rounded to nearest (ties to even) and saturated: what
// pydub holds after decoding. Returns [frames] on the int16 scale.
std::vector<float> to_int16_scale(const std::vector<float>& channel);

}  // namespace riffle::audio
