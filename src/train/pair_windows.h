// SPDX-License-Identifier: GPL-3.0-or-later
// Windows of pairs: a piece of a stem, what it goes with in the same place, and how the stem
// sounds.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "shards/pair_reader.h"
#include "train/random.h"

namespace riffle::train {

// What a stem goes with: a mix of others, or one other stem.
struct PairContext {
  bool mix = true;
  size_t index = 0;  // of the song's mixes, or of its stems
};

struct PairWindow {
  size_t song = 0;
  size_t stem = 0;
  int64_t first_column = 0;
  std::optional<PairContext> maybe_context{};  // absent: the stem is alone in its song
};

// The windows of one split. The index'th sample of a run is a stem, each once a round in an order
// that is shuffled anew each round, in a place where it sounds, with a context by chance.
class PairWindows {
 public:
  // Songs shorter than a window are left out. Throws Error{InvalidArgument} when none is left.
  // `pairs` must outlive it.
  PairWindows(const shards::PairReader& pairs, shards::Split split, int64_t columns, uint64_t seed);

  int64_t count() const { return static_cast<int64_t>(slots_.size()); }  // stems: one round
  int64_t columns() const { return columns_; }
  const shards::PairReader& pairs() const { return pairs_; }

  // The window of a sample. Not from several threads at once.
  PairWindow choose(int64_t index, Random& chance);
  // `count` windows spread evenly over the split, the same whenever it is asked; all others as the
  // context.
  std::vector<PairWindow> evenly(int64_t count) const;

  at::Tensor target(const PairWindow& window) const;   // float32 [channels, columns]
  at::Tensor context(const PairWindow& window) const;  // the same; zeros without one
  // What is heard in the context, float32 [kChromaRows, columns] (models/tone_rows.h): not known
  // without one.
  at::Tensor heard(const PairWindow& window) const;
  // The chords the song has there, the same: not known where the pairs do not know them.
  at::Tensor chords(const PairWindow& window) const;
  // One of the stem's embeddings by chance, float32 [D] of unit length, or zeros as they are there;
  // so often one of what is said of it, where something is. Empty where the pairs have none.
  at::Tensor style(const PairWindow& window, Random& chance, double words = 0) const;

 private:
  struct Slot {
    uint32_t song = 0;
    uint32_t stem = 0;
  };
  int64_t choose_place(const Slot& slot, Random& chance) const;
  std::vector<PairContext> contexts_of(const Slot& slot, bool all_others_only) const;
  at::Tensor cut(const at::Tensor& latents, const PairWindow& window) const;

  const shards::PairReader& pairs_;
  int64_t columns_;
  std::vector<Slot> slots_;
  ShuffledOrder order_;
};

}  // namespace riffle::train
