// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/channel_layout.h"

#include <array>
#include <bit>
#include <cstddef>

namespace riffle::audio {

ChannelMask default_layout(int channels) {
  using namespace speaker;
  constexpr ChannelMask kStereo = kFrontLeft | kFrontRight;
  constexpr ChannelMask kBackPair = kBackLeft | kBackRight;
  constexpr ChannelMask kSidePair = kSideLeft | kSideRight;
  constexpr std::array<ChannelMask, 9> kDefaults = {
      kUnknownLayout,
      kFrontCentre,
      kStereo,
      kStereo | kFrontCentre,
      kStereo | kBackPair,
      kStereo | kFrontCentre | kBackPair,
      kStereo | kFrontCentre | kLowFrequency | kBackPair,
      kStereo | kFrontCentre | kLowFrequency | kBackCentre | kSidePair,
      kStereo | kFrontCentre | kLowFrequency | kBackPair | kSidePair,
  };
  if (channels < 0 || channels >= static_cast<int>(kDefaults.size())) return kUnknownLayout;
  return kDefaults[static_cast<size_t>(channels)];
}

std::vector<ChannelMask> speakers_of(ChannelMask layout, int channels) {
  std::vector<ChannelMask> speakers;
  if (std::popcount(layout) != channels) layout = default_layout(channels);
  for (ChannelMask rest = layout; rest != 0; rest &= rest - 1) speakers.push_back(rest & -rest);
  speakers.resize(static_cast<size_t>(channels), kUnknownLayout);
  return speakers;
}

}  // namespace riffle::audio
