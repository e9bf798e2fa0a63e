// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/widen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "core/error.h"

namespace riffle::audio {
namespace {

constexpr double kFirstS = 0.001;   // no impulse comes earlier: it would be the sound itself
constexpr double kLengthS = 0.025;  // beyond, attacks are heard twice
constexpr int kImpulses = 30;
constexpr double kDecay = 0.1;  // the last impulse over the first
constexpr double kBassHz = 180;
constexpr double kSettlingS = 0.1;  // after which the filter has forgotten where it began

struct Impulse {
  int64_t delay = 0;  // samples
  double gain = 0;
};

// One in each of as many equal stretches; of unit energy together. Always the same.
std::vector<Impulse> velvet_noise(int sample_rate) {
  std::mt19937 random(20170905);
  const auto chance = [&] { return static_cast<double>(random()) / 4294967296.0; };
  std::vector<Impulse> impulses;
  double energy = 0;
  for (int i = 0; i < kImpulses; ++i) {
    const double place = (i + chance()) / kImpulses;
    const double sign = chance() < 0.5 ? -1 : 1;
    impulses.push_back({std::llround((kFirstS + place * (kLengthS - kFirstS)) * sample_rate),
                        sign * std::pow(kDecay, place)});
    energy += impulses.back().gain * impulses.back().gain;
  }
  for (Impulse& impulse : impulses) impulse.gain /= std::sqrt(energy);
  return impulses;
}

// Second order, Butterworth (R. Bristow-Johnson's cookbook), in direct form II transposed.
class HighPass {
 public:
  explicit HighPass(int sample_rate) {
    const double w = 2 * std::numbers::pi * kBassHz / sample_rate;
    const double alpha = std::sin(w) / std::numbers::sqrt2;
    const double a0 = 1 + alpha;
    b0_ = (1 + std::cos(w)) / 2 / a0;
    a1_ = -2 * std::cos(w) / a0;
    a2_ = (1 - alpha) / a0;
  }
  double operator()(double x) {
    const double y = b0_ * x + first_;
    first_ = -2 * b0_ * x - a1_ * y + second_;
    second_ = b0_ * x - a2_ * y;
    return y;
  }

 private:
  double b0_ = 0;
  double a1_ = 0;
  double a2_ = 0;
  double first_ = 0;
  double second_ = 0;
};

std::vector<double> decorrelated(const std::vector<float>& sound, int sample_rate, bool circular) {
  const auto frames = std::ssize(sound);
  std::vector<double> side(sound.size(), 0);
  for (const Impulse& impulse : velvet_noise(sample_rate)) {
    // frames [first, last) of the sound come to [to, ...) of the side
    const auto add = [&](int64_t first, int64_t last, int64_t to) {
      for (int64_t i = first; i < last; ++i) {
        side[static_cast<size_t>(to + i - first)] += impulse.gain * sound[static_cast<size_t>(i)];
      }
    };
    const int64_t delay = circular ? impulse.delay % frames : std::min(impulse.delay, frames);
    add(0, frames - delay, delay);
    if (circular) add(frames - delay, frames, 0);
  }
  HighPass filter(sample_rate);
  if (circular) {
    const auto settling = static_cast<int64_t>(kSettlingS * sample_rate);
    for (int64_t i = -settling; i < 0; ++i) {
      filter(side[static_cast<size_t>((i % frames + frames) % frames)]);
    }
  }
  for (double& x : side) x = filter(x);
  return side;
}

}  // namespace

Waveform widened(const Waveform& mono, double width, bool circular) {
  if (mono.channels() != 1) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("only one channel can be widened, got {}", mono.channels()));
  }
  if (!(width >= 0 && width <= 1)) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("the width must be 0 to 1, got {}", width));
  }
  Waveform wide{mono.sample_rate, {mono.samples[0], mono.samples[0]}};
  if (mono.frames() == 0) return wide;
  const std::vector<double> side = decorrelated(mono.samples[0], mono.sample_rate, circular);
  for (size_t i = 0; i < side.size(); ++i) {
    const auto part = static_cast<float>(width * side[i]);
    wide.samples[0][i] += part;
    wide.samples[1][i] -= part;
  }
  return wide;
}

}  // namespace riffle::audio
