// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/windows.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace riffle::train {
namespace {

// The first multiple of `grid` at or after `frame`.
int64_t up_to_grid(int64_t frame, int64_t grid) { return (frame + grid - 1) / grid * grid; }

// How many starts on the grid a segment has; not positive when a window does not fit.
int64_t starts_in(const shards::Segment& segment, int64_t frames, int64_t grid) {
  const int64_t first = up_to_grid(segment.first_frame, grid);
  const int64_t room = segment.last_frame - frames - first;
  return room < 0 ? 0 : room / grid + 1;
}

}  // namespace

Windows::Windows(const shards::ShardReader& corpus, shards::Split split, int64_t frames,
                 int64_t grid, uint64_t seed, int64_t alone)
    : corpus_(corpus), frames_(frames), grid_(grid), order_(1, seed) {
  for (const size_t index : corpus.indices(split)) {
    const auto& segments = corpus.records()[index].segments;
    for (size_t s = 0; s < segments.size(); ++s) {
      if (starts_in(segments[s], frames, grid) < 1) continue;
      const int64_t times =
          std::max<int64_t>(1, segments[s].frames() / frames) * (segments[s].solo() ? alone : 1);
      for (int64_t n = 0; n < times; ++n) {
        slots_.push_back({static_cast<uint32_t>(index), static_cast<uint32_t>(s)});
      }
    }
  }
  if (slots_.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the corpus has no {} segment of {} frames or more among its {} "
                            "records",
                            name_of(split), frames, corpus.records().size()),
                "add more, or longer, recordings to it");
  }
  order_ = ShuffledOrder(count(), seed);
}

Window Windows::choose(int64_t index, Random& chance) {
  const Slot slot = slots_[static_cast<size_t>(order_.at(index))];
  const auto& segment = corpus_.records()[slot.record].segments[slot.segment];
  const int64_t start = up_to_grid(segment.first_frame, grid_) +
                        grid_ * chance.below(starts_in(segment, frames_, grid_));
  return {slot.record, slot.segment, start};
}

std::vector<Window> Windows::evenly(int64_t count) const {
  std::vector<Window> windows;
  const int64_t all = this->count();
  for (int64_t i = 0; i < std::min(count, all); ++i) {
    const Slot slot = slots_[static_cast<size_t>(i * all / std::min(count, all))];
    const auto& segment = corpus_.records()[slot.record].segments[slot.segment];
    windows.push_back({slot.record, slot.segment, up_to_grid(segment.first_frame, grid_)});
  }
  return windows;
}

const shards::Segment& Windows::segment(const Window& window) const {
  return corpus_.records()[window.record].segments[window.segment];
}

at::Tensor levels_of(const shards::ShardReader& corpus, const std::vector<Window>& windows,
                     int64_t frames) {
  const int64_t rows = corpus.header().rows;
  const at::Tensor levels =
      at::empty({static_cast<int64_t>(windows.size()), 1, rows, frames}, at::kByte);
  for (size_t i = 0; i < windows.size(); ++i) {
    levels[static_cast<int64_t>(i)][0].copy_(
        corpus.levels(windows[i].record).narrow(1, windows[i].first_frame, frames));
  }
  return levels;
}

at::Tensor picture_of_levels(const at::Tensor& levels) {
  return levels.to(at::kFloat).mul_(2.0 / 255).sub_(1);
}

at::Tensor levels_of_picture(const at::Tensor& picture) {
  return picture.detach().to(at::kFloat).add(1).mul_(127.5).round_().clamp_(0, 255).to(at::kByte);
}

}  // namespace riffle::train
