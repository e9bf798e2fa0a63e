// SPDX-License-Identifier: GPL-3.0-or-later
// The ceiling of each stage: what real held-out pictures lose in the codec, in the autoencoder, and
// in both. A model cannot sound better than what it is decoded by.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "eval/judge.h"
#include "pipelines/music_model.h"
#include "shards/shard_reader.h"

namespace riffle::eval {

struct Stage {
  std::string name;        // "codec", "autoencoder", "autoencoder and codec"
  double level_error = 0;  // mean |difference| of levels, of 255
  double blur_time = 0;    // steepness over the real pictures'
  double blur_frequency = 0;
  double spectral_convergence = 0;  // |A - B| / |A| of mel amplitudes, Frobenius
  double tag_agreement = 0;  // share of the instruments heard in the real ones that are heard still
  int64_t count = 0;
};

struct StagesOptions {
  int64_t clips = 64;
  int iterations = 24;  // of the codec
  uint64_t seed = 1;
};

// The codec alone, over windows of the test split. Throws Error{InvalidArgument} for a corpus
// without one, or with pictures unlike the judge's.
Stage judge_codec(const shards::ShardReader& corpus, const Judge& judge,
                  const StagesOptions& options, const Job& job = {});

// The model's autoencoder, alone and followed by the codec. The model's pictures must be the
// corpus's: Error{InvalidArgument}.
std::vector<Stage> judge_autoencoder(pipelines::MusicModel& model,
                                     const shards::ShardReader& corpus, const Judge& judge,
                                     const StagesOptions& options, const Job& job = {});

OrderedJson to_json(const Stage& stage);

}  // namespace riffle::eval
