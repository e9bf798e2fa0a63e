// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a folder of pairs (pairs.h), also while it is still being written: the lines are held in
// memory, the latents stay on disk and are mapped.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <vector>

#include "core/job.h"
#include "shards/pairs.h"
#include "weights/tensor_source.h"

namespace riffle::shards {

class PairReader {
 public:
  // Throws Error{NotFound} where there are none, Error{BadFile} for what is damaged.
  explicit PairReader(std::filesystem::path pairs, const Job& job = {});

  const PairHeader& header() const { return header_; }
  const std::vector<PairSong>& songs() const { return songs_; }  // in the order of the shards
  std::vector<size_t> indices(Split split) const;
  const std::vector<int64_t>& shards() const { return shards_; }  // their numbers, rising
  int64_t shard_of(size_t song) const { return shard_of_.at(song); }
  // Of style embeddings; 0 where some shard has none yet.
  int64_t style_dim() const { return style_dim_; }

  // [channels, columns] float16 in the mapped file. May be called from several threads, as all
  // below. Throws Error{BadFile} for tensors that do not fit the song.
  at::Tensor stem(size_t song, size_t stem) const;
  at::Tensor mix(size_t song, size_t mix) const;
  at::Tensor stem_chroma(size_t song, size_t stem) const;  // float16 [12, columns]
  at::Tensor mix_chroma(size_t song, size_t mix) const;
  at::Tensor active(size_t song) const;               // uint8 [stems, columns]
  at::Tensor styles(size_t song, size_t stem) const;  // float16 [parts, style_dim()]
  at::Tensor words(size_t song, size_t stem) const;   // the same; undefined where nothing is said

 private:
  const weights::TensorSource& source(const std::filesystem::path& path) const;
  at::Tensor tensor(size_t song, const std::string& name, int64_t rows) const;
  int64_t find_style_dim() const;

  std::filesystem::path pairs_;
  PairHeader header_;
  std::vector<PairSong> songs_;
  std::vector<int64_t> shard_of_;  // [song]
  std::vector<int64_t> shards_;
  int64_t style_dim_ = 0;
  mutable std::mutex mutex_;
  mutable std::map<std::filesystem::path, weights::TensorSourcePtr> sources_;  // opened when needed
};

}  // namespace riffle::shards
