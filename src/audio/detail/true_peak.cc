// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/true_peak.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace riffle::audio::detail {
namespace {

constexpr int kTaps = TruePeakFollower::kTaps;
constexpr int kBefore = kTaps / 2 - 1;  // taps on samples before the one that is followed
constexpr size_t kStretch = 128;        // frames looked at together

// Gives the value at one place between two samples.
struct Filter {
  size_t first;             // of kTaps, the one the first tap belongs to
  std::vector<float> taps;  // scaled so that a constant stays what it is
};

// `window` of -1..1 is the window's height that far from its middle.
template <class Window>
Filter windowed_sinc(double place, double half_width, const Window& window) {
  Filter filter{kTaps, {}};
  double sum = 0;
  for (size_t k = 0; k < kTaps; ++k) {
    const double distance = static_cast<double>(k) - kBefore - place;
    if (std::abs(distance) >= half_width) continue;
    filter.first = std::min(filter.first, k);
    const double angle = std::numbers::pi * distance;
    filter.taps.push_back(
        static_cast<float>(std::sin(angle) / angle * window(distance / half_width)));
    sum += filter.taps.back();
  }
  for (float& tap : filter.taps) tap /= static_cast<float>(sum);
  return filter;
}

// Two filters for each of the places a quarter, a half and three quarters of the way: a long one
// that comes close to the analogue wave (Kaiser window, flat to 0.01 dB up to 0.9 of the Nyquist
// frequency), and a short one like that of meters (Hann window over 12 samples), which shows other
// peaks close to the Nyquist frequency.
const std::vector<Filter>& filters() {
  static const std::vector<Filter> made = [] {
    constexpr double kBeta = 6.0;
    std::vector<Filter> all;
    for (const double place : {0.25, 0.5, 0.75}) {
      all.push_back(windowed_sinc(place, kTaps / 2.0, [](double x) {
        return std::cyl_bessel_i(0, kBeta * std::sqrt(1 - x * x));
      }));
      all.push_back(windowed_sinc(
          place, 6.0, [](double x) { return 0.5 + 0.5 * std::cos(std::numbers::pi * x); }));
    }
    return all;
  }();
  return made;
}

// No value between samples can be larger than this times the largest of them.
float largest_gain() {
  static const float gain = [] {
    float largest = 1;
    for (const Filter& filter : filters()) {
      float sum = 0;
      for (const float tap : filter.taps) sum += std::abs(tap);
      largest = std::max(largest, sum);
    }
    return largest;
  }();
  return gain;
}

}  // namespace

TruePeakFollower::TruePeakFollower(int channels, float floor)
    : floor_(floor),
      waiting_(static_cast<size_t>(channels), std::vector<float>(static_cast<size_t>(kBefore))) {}

// peaks[begin..end-1] are raised by what the channel has there; the channel's samples of those
// frames stand kBefore further on.
void TruePeakFollower::raise(const std::vector<float>& channel, size_t begin, size_t end,
                             std::vector<float>& peaks) const {
  float largest = 0;
  for (size_t i = begin; i < end + kTaps - 1; ++i)
    largest = std::max(largest, std::abs(channel[i]));
  for (size_t i = begin; i < end; ++i) {
    peaks[i] = std::max(peaks[i], std::abs(channel[i + kBefore]));
  }
  if (largest * largest_gain() <= floor_) return;
  std::array<float, kStretch> between{};
  for (const Filter& filter : filters()) {
    between.fill(0);
    for (size_t k = 0; k < filter.taps.size(); ++k) {
      const float tap = filter.taps[k];
      const float* from = channel.data() + begin + filter.first + k;
#pragma omp simd
      for (size_t i = 0; i < end - begin; ++i) between[i] += tap * from[i];
    }
    for (size_t i = begin; i < end; ++i) {
      peaks[i] = std::max(peaks[i], std::abs(between[i - begin]));
    }
  }
}

std::vector<float> TruePeakFollower::process(const std::vector<std::vector<float>>& samples) {
  for (size_t c = 0; c < waiting_.size(); ++c) {
    waiting_[c].insert(waiting_[c].end(), samples[c].begin(), samples[c].end());
  }
  const size_t held = waiting_[0].size();
  const size_t decided = held - std::min(held, static_cast<size_t>(kTaps - 1));
  std::vector<float> peaks(decided);
  for (size_t begin = 0; begin < decided; begin += kStretch) {
    const size_t end = std::min(begin + kStretch, decided);
    for (const auto& channel : waiting_) raise(channel, begin, end, peaks);
  }
  for (auto& channel : waiting_) {
    channel.erase(channel.begin(), channel.begin() + static_cast<std::ptrdiff_t>(decided));
  }
  return peaks;
}

std::vector<float> TruePeakFollower::finish() {
  return process(std::vector<std::vector<float>>(waiting_.size(),
                                                 std::vector<float>(static_cast<size_t>(kDelay))));
}

}  // namespace riffle::audio::detail
