// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/planar_fifo.h"

#include <algorithm>

namespace riffle::audio::detail {

void PlanarFifo::push(const std::vector<std::vector<float>>& block) {
  for (size_t c = 0; c < samples_.size(); ++c) {
    samples_[c].insert(samples_[c].end(), block[c].begin(), block[c].end());
  }
}

void PlanarFifo::push_silence(int64_t count) {
  for (auto& channel : samples_) channel.resize(channel.size() + static_cast<size_t>(count));
}

std::vector<std::vector<float>> PlanarFifo::take(int64_t count) {
  count = std::min(count, frames());
  std::vector<std::vector<float>> taken;
  taken.reserve(samples_.size());
  for (const auto& channel : samples_) {
    const auto begin = channel.begin() + static_cast<std::ptrdiff_t>(head_);
    taken.emplace_back(begin, begin + count);
  }
  drop(count);
  return taken;
}

void PlanarFifo::drop(int64_t count) {
  head_ += static_cast<size_t>(std::min(count, frames()));
  // Moving the rest down only when it is the smaller half keeps the cost constant per frame.
  if (samples_.empty() || 2 * head_ < samples_[0].size()) return;
  for (auto& channel : samples_) {
    channel.erase(channel.begin(), channel.begin() + static_cast<std::ptrdiff_t>(head_));
  }
  head_ = 0;
}

void PlanarFifo::drop_last(int64_t count) {
  count = std::clamp<int64_t>(count, 0, frames());
  for (auto& channel : samples_) channel.resize(channel.size() - static_cast<size_t>(count));
}

}  // namespace riffle::audio::detail
