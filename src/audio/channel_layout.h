// SPDX-License-Identifier: GPL-3.0-or-later
// Which loudspeaker each channel is meant for: a bit mask with the bits of WAVE_FORMAT_EXTENSIBLE
// (FFmpeg's too). The channels of a sound stand in the order of ascending bits.
#pragma once

#include <cstdint>
#include <vector>

namespace riffle::audio {

using ChannelMask = uint64_t;

namespace speaker {
inline constexpr ChannelMask kFrontLeft = 1U << 0;
inline constexpr ChannelMask kFrontRight = 1U << 1;
inline constexpr ChannelMask kFrontCentre = 1U << 2;
inline constexpr ChannelMask kLowFrequency = 1U << 3;
inline constexpr ChannelMask kBackLeft = 1U << 4;
inline constexpr ChannelMask kBackRight = 1U << 5;
inline constexpr ChannelMask kFrontLeftOfCentre = 1U << 6;
inline constexpr ChannelMask kFrontRightOfCentre = 1U << 7;
inline constexpr ChannelMask kBackCentre = 1U << 8;
inline constexpr ChannelMask kSideLeft = 1U << 9;
inline constexpr ChannelMask kSideRight = 1U << 10;
inline constexpr ChannelMask kTopFrontLeft = 1U << 12;
inline constexpr ChannelMask kTopFrontRight = 1U << 14;
inline constexpr ChannelMask kTopBackLeft = 1U << 15;
inline constexpr ChannelMask kTopBackRight = 1U << 17;
}  // namespace speaker

// No layout is known: the channels are just numbered.
inline constexpr ChannelMask kUnknownLayout = 0;

// What that many channels mean where a file does not say, as FLAC, Vorbis and Opus define it: 1
// centre, 2 L R, 3 L R C, 4 L R Bl Br, 5 L R C Bl Br, 6 L R C LFE Bl Br, 7 L R C LFE Bc Sl Sr, 8 L
// R C LFE Bl Br Sl Sr; kUnknownLayout for every other number.
ChannelMask default_layout(int channels);

// One speaker bit a channel. A mask that does not name exactly `channels` speakers counts as
// unknown; an unknown layout of 1 to 8 channels is read as default_layout(channels); above that
// every entry is 0.
std::vector<ChannelMask> speakers_of(ChannelMask layout, int channels);

}  // namespace riffle::audio
