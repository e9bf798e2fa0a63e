// SPDX-License-Identifier: GPL-3.0-or-later
// A judge from a corpus: the tagger learns from its training split, thresholds are set on its
// validation split, and what real held-out music scores is measured on its test split.
#pragma once

#include "core/job.h"
#include "eval/judge.h"
#include "eval/train_tagger.h"
#include "shards/shard_reader.h"

namespace riffle::eval {

struct MakeJudgeOptions {
  TrainTaggerOptions training;
  int64_t reference_clips = 800;  // held-out and training windows kept for Frechet distances
  int64_t prompts = 700;          // held-out captions kept
  int64_t key_clips = 800;        // training windows that what keys are like is learned from
  int64_t decoded = 160;          // held-out windows played through the codec for tempo and key
};

// Throws Error{InvalidArgument} for a corpus without labels or without one of the splits.
Judge make_judge(const shards::ShardReader& reader, const MakeJudgeOptions& options,
                 const Job& job = {});

// The threshold at which as many are found as there are: for each column of probabilities [N, K]
// and labels [N, K]. A column without a label has 0.5.
std::vector<double> equal_thresholds(const at::Tensor& probabilities, const at::Tensor& labels);

}  // namespace riffle::eval
