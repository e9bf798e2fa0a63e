// SPDX-License-Identifier: GPL-3.0-or-later
// Writing a folder of pairs (pairs.h) shard by shard. A shard appears whole or not at all, whatever
// kills the process.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "core/folder_lock.h"
#include "core/job.h"
#include "shards/pairs.h"
#include "weights/safetensors.h"

namespace riffle::shards {

struct NewPairSound {
  at::Tensor latents;  // [channels, columns], any floating type
  at::Tensor chroma;   // [12, columns], the same
};

struct NewPairSong {
  PairSong song;
  std::vector<NewPairSound> stems;
  std::vector<NewPairSound> mixes;
  at::Tensor active;  // uint8 [stems, columns]
};

// Embeddings of one song's stems, each [parts, D].
struct NewStyles {
  std::string id;
  std::vector<at::Tensor> stems;
  std::vector<at::Tensor> words = {};  // of what is said of them; empty, or undefined where nothing
};

class PairWriter {
 public:
  // Makes the folder, or goes on with what lies there: what an interrupted run left unfinished is
  // removed. The folder is locked while this lives. Throws Error{InvalidArgument} when what is
  // there was made otherwise or another process writes it.
  PairWriter(std::filesystem::path pairs, PairHeader header);
  ~PairWriter();
  PairWriter(const PairWriter&) = delete;
  PairWriter& operator=(const PairWriter&) = delete;

  // The metadata of a shard, or of its embeddings, that is there.
  std::optional<weights::SafetensorsMetadata> find(int64_t shard) const;
  // Replaces one that is there, and removes its embeddings. Throws Error{InvalidArgument} for
  // tensors that do not fit their song, Error{Io}, Error{Cancelled}.
  void write(int64_t shard, const std::vector<NewPairSong>& songs,
             const weights::SafetensorsMetadata& metadata = {}, const Job& job = {}) const;

 private:
  std::filesystem::path pairs_;
  PairHeader header_;
  FolderLock lock_;
};

// The metadata of a shard's embeddings, where there are any.
std::optional<weights::SafetensorsMetadata> find_styles(const std::filesystem::path& pairs,
                                                        int64_t shard);
// Replaces those that are there.
void write_styles(const std::filesystem::path& pairs, int64_t shard,
                  const std::vector<NewStyles>& styles,
                  const weights::SafetensorsMetadata& metadata, const Job& job = {});

}  // namespace riffle::shards
