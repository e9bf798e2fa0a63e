// SPDX-License-Identifier: GPL-3.0-or-later
// Planar float samples waiting between a stage that makes them in its block size and one that takes
// them in another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace riffle::audio::detail {

class PlanarFifo {
 public:
  explicit PlanarFifo(int channels) : samples_(static_cast<size_t>(channels)) {}

  int channels() const { return static_cast<int>(samples_.size()); }
  int64_t frames() const {
    return samples_.empty() ? 0 : static_cast<int64_t>(samples_[0].size() - head_);
  }

  // block: [channels][any number of frames].
  void push(const std::vector<std::vector<float>>& block);
  void push_silence(int64_t count);
  // The oldest min(count, frames()) frames, removed.
  std::vector<std::vector<float>> take(int64_t count);
  void drop(int64_t count);       // the oldest; more than there are: all
  void drop_last(int64_t count);  // the newest; <= 0: none

 private:
  std::vector<std::vector<float>> samples_;
  size_t head_ = 0;  // frames of samples_ already taken
};

}  // namespace riffle::audio::detail
