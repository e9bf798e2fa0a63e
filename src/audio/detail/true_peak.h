// SPDX-License-Identifier: GPL-3.0-or-later
// Where and how high a sound's true peaks are: between its samples too (ITU-R BS.1770-4, annex 2,
// with a longer interpolation filter).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace riffle::audio::detail {

class TruePeakFollower {
 public:
  // Peaks that cannot exceed `floor` are given as those of the samples alone, which saves the work.
  TruePeakFollower(int channels, float floor);

  // samples: [channels][frames]. Returns, for every frame decided by now, the largest magnitude
  // from that frame up to the next one, over all channels. Frames are decided kDelay frames late.
  std::vector<float> process(const std::vector<std::vector<float>>& samples);
  // The last kDelay frames, with silence after them.
  std::vector<float> finish();

  static constexpr int kTaps = 32;  // of the filter for each place between two samples
  static constexpr int kDelay = kTaps / 2;

 private:
  void raise(const std::vector<float>& channel, size_t begin, size_t end,
             std::vector<float>& peaks) const;

  float floor_;
  // [channels][kTaps - 1 frames of the past, then what is not decided yet]
  std::vector<std::vector<float>> waiting_;
};

}  // namespace riffle::audio::detail
