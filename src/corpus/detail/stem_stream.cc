// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/detail/stem_stream.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace riffle::corpus::detail {
namespace {

constexpr double kActiveDb = -45;           // of a block of a stem, to full scale
constexpr double kLeastActiveShare = 0.15;  // of an excerpt's blocks

}  // namespace

StemStream::StemStream(const std::vector<std::filesystem::path>& files, int sample_rate) {
  for (const auto& file : files) streams_.emplace_back(file, sample_rate);
}

audio::Waveform StemStream::read(int64_t frames) {
  audio::Waveform sum;
  for (MonoStream& stream : streams_) {
    audio::Waveform piece = stream.read(frames);
    if (sum.samples.empty()) {
      sum = std::move(piece);
      continue;
    }
    if (piece.frames() > sum.frames()) std::swap(sum, piece);
    for (size_t i = 0; i < piece.samples[0].size(); ++i) sum.samples[0][i] += piece.samples[0][i];
  }
  return sum;
}

std::vector<audio::Waveform> read_stems(std::vector<StemStream>& stems, int64_t frames) {
  std::vector<audio::Waveform> sounds;
  int64_t length = 0;
  for (StemStream& stem : stems) {
    sounds.push_back(stem.read(frames));
    length = std::max(length, sounds.back().frames());
  }
  for (auto& sound : sounds) sound.samples[0].resize(static_cast<size_t>(length), 0.0F);
  return sounds;
}

bool is_active(const audio::Waveform& sound) {
  const int64_t block = sound.sample_rate / 20;
  const double threshold = std::pow(10, kActiveDb / 10);
  int64_t active = 0;
  int64_t blocks = 0;
  for (int64_t begin = 0; begin + block <= sound.frames(); begin += block) {
    double power = 0;
    for (int64_t i = begin; i < begin + block; ++i) {
      const double x = sound.samples[0][static_cast<size_t>(i)];
      power += x * x;
    }
    ++blocks;
    if (power > threshold * static_cast<double>(block)) ++active;
  }
  return static_cast<double>(active) > kLeastActiveShare * static_cast<double>(blocks);
}

}  // namespace riffle::corpus::detail
