// SPDX-License-Identifier: GPL-3.0-or-later
// Teaching the tagger: AdamW with a one-cycle rate (Smith and Topin 2018), windows from anywhere in
// their segments, stripes of silence over some (Park et al., "SpecAugment", 2019).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/job.h"
#include "eval/judge_data.h"
#include "eval/tagger.h"

namespace riffle::eval {

struct TrainTaggerOptions {
  int64_t steps = 600;
  int64_t batch = 32;
  double learning_rate = 3e-3;  // at its highest
  double weight_decay = 0.02;
  uint64_t seed = 0;
  bool stripes = true;
};

// The sum over labels that are known of the cross entropies.
at::Tensor tagger_loss(const TagLogits& logits, const LabelledBatch& batch);

// Draws batches of the pieces' windows. Progress stage "train"; returns the loss of each step.
std::vector<double> train_tagger(Tagger& tagger, const JudgeData& data,
                                 std::span<const Piece> pieces, const TrainTaggerOptions& options,
                                 const Job& job = {});

// The same with batches from anywhere: draw(step) makes one.
std::vector<double> train_tagger(Tagger& tagger, const std::function<LabelledBatch(int64_t)>& draw,
                                 const TrainTaggerOptions& options, const Job& job = {});

}  // namespace riffle::eval
