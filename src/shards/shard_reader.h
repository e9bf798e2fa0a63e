// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a corpus, also while it is still being written: the lines are held in memory, the levels
// stay on disk and are mapped.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/job.h"
#include "shards/record.h"
#include "weights/tensor_source.h"

namespace riffle::shards {

class ShardReader {
 public:
  // Throws Error{NotFound} where there is no corpus, Error{BadFile} for one that is damaged.
  explicit ShardReader(std::filesystem::path corpus, const Job& job = {});

  const CorpusHeader& header() const { return header_; }
  // In the order of the shards. The order and the indices stay when shards are added.
  const std::vector<Record>& records() const { return records_; }
  std::vector<size_t> indices(Split split) const;
  size_t shards() const { return shards_read_.size(); }
  // The number of the shard a record lies in.
  int64_t shard_of(size_t index) const { return shard_of_.at(index); }

  // Takes in shards that have appeared since; returns how many records came. Those with a number
  // below one that is known already (several writers at work) come after it in records(). Not while
  // other threads read.
  size_t refresh(const Job& job = {});

  // uint8 [rows, frames] in the mapped file: clone before changing. May be called from several
  // threads. Throws Error{BadFile} for tensors that do not fit the record.
  at::Tensor levels(size_t index) const;
  // uint8 [event rows, ceil(frames / frames_per_event)]; undefined where nothing is known.
  at::Tensor events(size_t index) const;

 private:
  const weights::TensorSource& source(size_t index) const;
  at::Tensor tensor(size_t index, const std::string& name, int64_t rows, int64_t columns) const;

  std::filesystem::path corpus_;
  CorpusHeader header_;
  std::vector<Record> records_;
  std::vector<int64_t> shard_of_;     // [record]
  std::vector<int64_t> shards_read_;  // rising
  mutable std::mutex mutex_;
  mutable std::map<int64_t, weights::TensorSourcePtr> sources_;  // opened when first asked for
};

}  // namespace riffle::shards
