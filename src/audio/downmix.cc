// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/downmix.h"

#include <algorithm>
#include <cmath>

#include "audio/format_limits.h"

namespace riffle::audio {
namespace {

constexpr float kMinus3Db = 0.70710678F;
constexpr float kMinus6Db = 0.5F;

struct StereoGain {
  float left = 0;
  float right = 0;
};

StereoGain stereo_gain(ChannelMask position) {
  using namespace speaker;
  constexpr ChannelMask kFrontLefts = kFrontLeft | kFrontLeftOfCentre;
  constexpr ChannelMask kFrontRights = kFrontRight | kFrontRightOfCentre;
  constexpr ChannelMask kOtherLefts = kBackLeft | kSideLeft | kTopFrontLeft | kTopBackLeft;
  constexpr ChannelMask kOtherRights = kBackRight | kSideRight | kTopFrontRight | kTopBackRight;
  if ((position & kFrontLefts) != 0) return {1, 0};
  if ((position & kFrontRights) != 0) return {0, 1};
  if ((position & kOtherLefts) != 0) return {kMinus3Db, 0};
  if ((position & kOtherRights) != 0) return {0, kMinus3Db};
  if (position == kFrontCentre) return {kMinus3Db, kMinus3Db};
  if (position == kLowFrequency) return {0, 0};
  return {kMinus6Db, kMinus6Db};  // back and top centre, and what has no name here
}

std::vector<std::vector<float>> alternating_gains(int from) {
  std::vector<std::vector<float>> gains(2, std::vector<float>(static_cast<size_t>(from)));
  const int lefts = (from + 1) / 2;
  const int rights = from / 2;
  for (int c = 0; c < from; ++c) {
    const int side = c % 2;
    gains[static_cast<size_t>(side)][static_cast<size_t>(c)] =
        1.0F / static_cast<float>(side == 0 ? lefts : rights);
  }
  return gains;
}

std::vector<std::vector<float>> stereo_gains(int from, ChannelMask layout) {
  if (from == 1) return {{1.0F}, {1.0F}};
  std::vector<std::vector<float>> gains(2);
  float sums[2] = {0, 0};
  for (const ChannelMask position : speakers_of(layout, from)) {
    if (position == kUnknownLayout) return alternating_gains(from);
    const StereoGain gain = stereo_gain(position);
    gains[0].push_back(gain.left);
    gains[1].push_back(gain.right);
    sums[0] += gain.left;
    sums[1] += gain.right;
  }
  const float scale = 1.0F / std::max({sums[0], sums[1], 1.0F});
  for (auto& row : gains) {
    for (float& gain : row) gain *= scale;
  }
  return gains;
}

}  // namespace

std::vector<std::vector<float>> mix_gains(int from, ChannelMask layout, int to) {
  require_format(from, kMinSampleRate, "mixing channels: source");
  require_format(to, kMinSampleRate, "mixing channels: target");
  const auto count = static_cast<size_t>(from);
  if (to == 1) return {std::vector<float>(count, 1.0F / static_cast<float>(from))};
  std::vector<std::vector<float>> gains;
  if (from == to) {
    gains.assign(count, std::vector<float>(count));
    for (size_t c = 0; c < count; ++c) gains[c][c] = 1.0F;
    return gains;
  }
  gains = stereo_gains(from, layout);
  gains.resize(static_cast<size_t>(to), std::vector<float>(count));
  return gains;
}

Waveform mix_channels(const Waveform& sound, ChannelMask layout, int to) {
  require_block(sound, sound.channels(), sound.sample_rate, "mixing channels");
  if (sound.channels() == to) return sound;
  const auto gains = mix_gains(sound.channels(), layout, to);
  const auto frames = static_cast<size_t>(sound.frames());
  Waveform mixed{sound.sample_rate, {}};
  for (const auto& row : gains) {
    auto& out = mixed.samples.emplace_back(frames);
    for (size_t c = 0; c < row.size(); ++c) {
      if (row[c] == 0.0F) continue;
      for (size_t i = 0; i < frames; ++i) out[i] += row[c] * sound.samples[c][i];
    }
  }
  return mixed;
}

std::vector<float> to_int16_scale(const std::vector<float>& channel) {
  std::vector<float> out(channel.size());
  std::transform(channel.begin(), channel.end(), out.begin(), [](float x) {
    return std::clamp(std::nearbyint(x * 32768.0F), -32768.0F, 32767.0F);
  });
  return out;
}

std::vector<float> mix_to_mono_int16(const Waveform& sound) {
  require_block(sound, sound.channels(), sound.sample_rate, "mixing to mono");
  require_format(sound.channels(), sound.sample_rate, "mixing to mono");
  std::vector<float> mono = to_int16_scale(sound.samples[0]);
  const auto count = static_cast<float>(sound.channels());
  if (sound.channels() == 1) return mono;
  if (sound.channels() > 2) {
    for (float& x : mono) x = std::floor(x / count);
  }
  for (size_t c = 1; c < sound.samples.size(); ++c) {
    const std::vector<float> channel = to_int16_scale(sound.samples[c]);
    for (size_t i = 0; i < mono.size(); ++i) {
      mono[i] = sound.channels() == 2 ? std::floor((mono[i] + channel[i]) * 0.5F)
                                      : mono[i] + std::floor(channel[i] / count);
    }
  }
  return mono;
}

}  // namespace riffle::audio
