// SPDX-License-Identifier: GPL-3.0-or-later
// Writing a corpus shard by shard. A shard appears whole or not at all, whatever kills the process;
// who makes the same shards again gets the same bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "core/folder_lock.h"
#include "core/job.h"
#include "shards/record.h"
#include "weights/safetensors.h"

namespace riffle::shards {

struct NewRecord {
  Record record;
  at::Tensor levels;  // uint8 [rows, frames]
  at::Tensor events;  // uint8 [event rows, ceil(frames / frames_per_event)], or undefined
};

class ShardWriter {
 public:
  // Makes the folder, or goes on with the corpus that lies there: what an interrupted run left
  // unfinished is removed. The folder is locked while this lives. Throws Error{InvalidArgument}
  // when the corpus there was made otherwise (another header) or another process writes it.
  ShardWriter(std::filesystem::path corpus, CorpusHeader header);
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  const std::filesystem::path& corpus() const { return corpus_; }
  // The metadata of a shard that is there.
  std::optional<weights::SafetensorsMetadata> find(int64_t shard) const;
  // From several threads, each with another shard; replaces one that is there. Throws
  // Error{InvalidArgument} for tensors that do not fit their record, Error{Io}, Error{Cancelled}.
  void write(int64_t shard, const std::vector<NewRecord>& records,
             const weights::SafetensorsMetadata& metadata = {}, const Job& job = {}) const;

  // Removes the shards with this number and above.
  void remove_from(int64_t shard) const;

 private:
  std::filesystem::path corpus_;
  CorpusHeader header_;
  FolderLock lock_;
};

}  // namespace riffle::shards
