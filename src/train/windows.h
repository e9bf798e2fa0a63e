// SPDX-License-Identifier: GPL-3.0-or-later
// Windows of a corpus: pieces of a segment of a record, as long as what a model sees at once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "shards/shard_reader.h"
#include "train/random.h"

namespace riffle::train {

// Frames [first_frame, first_frame + frames) of a segment of a record.
struct Window {
  size_t record = 0;
  size_t segment = 0;
  int64_t first_frame = 0;
};

// The windows of one split. The index'th sample of a run is a window: each segment comes up about
// as often as whole windows fit into it, in an order that is shuffled anew each round, at a start
// that is chosen by the sample's own chance.
class Windows {
 public:
  // Starts are multiples of `grid` frames. Segments of one pitched instrument alone come up `alone`
  // times as often. Throws Error{InvalidArgument} when no segment of the split is long enough.
  // `corpus` must outlive it.
  Windows(const shards::ShardReader& corpus, shards::Split split, int64_t frames, int64_t grid,
          uint64_t seed, int64_t alone = 1);

  // How many whole windows the split holds: one round.
  int64_t count() const { return static_cast<int64_t>(slots_.size()); }
  int64_t frames() const { return frames_; }

  // The window of a sample. Not from several threads at once.
  Window choose(int64_t index, Random& chance);
  // `count` windows spread evenly over the split, the same whenever it is asked.
  std::vector<Window> evenly(int64_t count) const;

  const shards::ShardReader& corpus() const { return corpus_; }
  const shards::Segment& segment(const Window& window) const;

 private:
  struct Slot {
    uint32_t record = 0;
    uint32_t segment = 0;
  };

  const shards::ShardReader& corpus_;
  int64_t frames_;
  int64_t grid_;
  std::vector<Slot> slots_;
  ShuffledOrder order_;
};

// Their levels, uint8 [B, 1, rows, frames], copied.
at::Tensor levels_of(const shards::ShardReader& corpus, const std::vector<Window>& windows,
                     int64_t frames);
// uint8 levels (255 = silence) as pictures in -1..1, and back (rounded and held to 0..255).
at::Tensor picture_of_levels(const at::Tensor& levels);
at::Tensor levels_of_picture(const at::Tensor& picture);

}  // namespace riffle::train
