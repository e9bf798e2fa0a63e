// SPDX-License-Identifier: GPL-3.0-or-later
// The latents of a corpus, made once and kept beside it, for training what works on latents:
//   CORPUS/latents/FINGERPRINT/00000.safetensors   <id>.latents float16 [channels, rows, columns]
// of the whole record, as the denoiser sees them (of unit variance). One file a shard; it is there
// when it is whole.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "core/job.h"
#include "shards/shard_reader.h"
#include "weights/tensor_source.h"

namespace riffle::train {

// What makes latents of pictures.
struct LatentMaker {
  std::string fingerprint;  // changes when anything about it does
  int64_t time_factor = 8;  // frames a latent column
  int64_t channels = 0;     // of latents
  int64_t rows = 0;         // of latents
  int64_t row_factor = 8;   // mel rows a latent row
  // uint8 levels [rows, frames], frames a multiple of time_factor -> [C, rows, columns], any type
  // and device.
  std::function<at::Tensor(const at::Tensor& levels, const Job& job)> encode;
  // The reverse: latents [C, rows, columns] -> uint8 levels.
  std::function<at::Tensor(const at::Tensor& latents, const Job& job)> decode;
};

class LatentCache {
 public:
  LatentCache(const shards::ShardReader& corpus, std::filesystem::path folder, LatentMaker maker);

  // CORPUS/latents/FINGERPRINT.
  const std::filesystem::path& folder() const { return folder_; }
  const LatentMaker& maker() const { return maker_; }

  // Encodes every shard that has no file yet; returns how many records that were. Progress stage
  // "encode", in records.
  int64_t fill(const Job& job);

  // [C, rows, columns], float16, in the mapped file. From several threads. Throws Error{NotFound}
  // for a record that was not encoded.
  at::Tensor latents(size_t record) const;

 private:
  std::filesystem::path file_of(int64_t shard) const;
  const weights::TensorSource& source(int64_t shard) const;

  const shards::ShardReader& corpus_;
  std::filesystem::path folder_;
  LatentMaker maker_;
  mutable std::mutex mutex_;
  mutable std::map<int64_t, weights::TensorSourcePtr> sources_;
};

// Of a model's MelAutoencoder, or of its AutoencoderKL, whose pictures are the levels three times
// over. `model`: a bundle, a folder with the part "vae" in it, or that part's own folder. Throws
// Error{NotFound, BadFile, Unsupported}.
LatentMaker make_latent_maker(const std::filesystem::path& model, at::Device device);

}  // namespace riffle::train
