// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus as the tagger learns from it: windows with the labels of their segments.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "eval/tagger.h"
#include "shards/shard_reader.h"

namespace riffle::eval {

// One segment of one record.
struct Piece {
  size_t record = 0;
  size_t segment = 0;
};

struct LabelledBatch {
  at::Tensor levels;       // uint8 [B, rows, frames]
  at::Tensor instruments;  // float [B, instruments]: 0 or 1
  at::Tensor families;     // float [B, families]
  at::Tensor drums;        // float [B]
  at::Tensor genres;       // int64 [B]; -1: none of those known
};

class JudgeData {
 public:
  // The reader must outlive it and not be refreshed meanwhile.
  JudgeData(const shards::ShardReader& reader, TaggerConfig config);

  // Segments of a split; a window long at least.
  std::vector<Piece> pieces(shards::Split split) const;
  const shards::Record& record(const Piece& piece) const { return reader_.records()[piece.record]; }
  const shards::Segment& segment(const Piece& piece) const {
    return record(piece).segments[piece.segment];
  }

  // A window of each piece: somewhere, or in the middle without a generator.
  LabelledBatch batch(std::span<const Piece> pieces, std::mt19937_64* random) const;
  // The levels of the window in the middle alone: uint8 [rows, frames].
  at::Tensor middle(const Piece& piece) const;

  const TaggerConfig& config() const { return config_; }

 private:
  at::Tensor window(const Piece& piece, std::mt19937_64* random) const;

  const shards::ShardReader& reader_;
  TaggerConfig config_;
};

// What the training split of a corpus has: rows, instruments heard in `least` segments or more,
// their families, genres; sorted. Throws Error{InvalidArgument} for a corpus without instruments.
TaggerConfig vocabulary_of(const shards::ShardReader& reader, int64_t least = 12);

}  // namespace riffle::eval
