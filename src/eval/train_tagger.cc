// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/train_tagger.h"

#include <ATen/ATen.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <numbers>
#include <random>

#include "core/log.h"

namespace riffle::eval {
namespace {

constexpr double kWarmUp = 0.15;  // share of the steps

// Up along half a cosine, down along another.
double rate_at(int64_t step, const TrainTaggerOptions& options) {
  const double place = static_cast<double>(step) / static_cast<double>(options.steps);
  const double part = place < kWarmUp ? place / kWarmUp - 1 : (place - kWarmUp) / (1 - kWarmUp);
  return options.learning_rate * (0.01 + 0.99 * 0.5 * (1 + std::cos(std::numbers::pi * part)));
}

// A stripe of rows and one of frames become silent in half of the windows.
void lay_stripes(at::Tensor& levels, std::mt19937_64& random) {
  const auto stripe = [&](at::Tensor window, int64_t dimension) {
    if (random() % 2 == 0) return;
    const int64_t size = window.size(dimension);
    const int64_t width = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(size / 8));
    const auto start = static_cast<int64_t>(random() % static_cast<uint64_t>(size - width));
    window.narrow(dimension, start, width).fill_(255);
  };
  for (int64_t i = 0; i < levels.size(0); ++i) {
    stripe(levels[i], 0);
    stripe(levels[i], 1);
  }
}

at::Tensor binary(const at::Tensor& logits, const at::Tensor& labels) {
  return at::binary_cross_entropy_with_logits(logits, labels);
}

}  // namespace

at::Tensor tagger_loss(const TagLogits& logits, const LabelledBatch& batch) {
  // Means over labels times their number: each label counts as much as any other, drums for five.
  const auto sum = [](const at::Tensor& values, const at::Tensor& labels) {
    return 0.2 * static_cast<double>(labels.size(1)) * binary(values, labels);
  };
  at::Tensor loss = sum(logits.instruments, batch.instruments) + binary(logits.drums, batch.drums);
  if (logits.families.size(1) > 0) loss = loss + sum(logits.families, batch.families);
  if (batch.genres.ge(0).any().item<bool>()) {
    loss = loss + 0.2 * at::cross_entropy_loss(logits.genres, batch.genres, {}, at::Reduction::Mean,
                                               /*ignore_index=*/-1);
  }
  return loss;
}

std::vector<double> train_tagger(Tagger& tagger, const std::function<LabelledBatch(int64_t)>& draw,
                                 const TrainTaggerOptions& options, const Job& job) {
  tagger.train();
  torch::optim::AdamW optimizer(
      tagger.parameters(),
      torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay));
  std::vector<double> losses;
  for (int64_t step = 0; step < options.steps; ++step) {
    job.check();
    for (auto& group : optimizer.param_groups()) {
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate_at(step, options));
    }
    const LabelledBatch batch = draw(step);
    const at::Tensor loss = tagger_loss(tagger.forward(loudness_of_levels(batch.levels)), batch);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item<double>());
    if (step % 50 == 0) log::info("tagger: step {}, loss {:.3f}", step, losses.back());
    job.report("train", step + 1, options.steps);
  }
  tagger.eval();
  return losses;
}

std::vector<double> train_tagger(Tagger& tagger, const JudgeData& data,
                                 std::span<const Piece> pieces, const TrainTaggerOptions& options,
                                 const Job& job) {
  std::mt19937_64 random(options.seed);
  std::vector<Piece> order(pieces.begin(), pieces.end());
  size_t next = order.size();
  const auto draw = [&](int64_t) {
    std::vector<Piece> chosen;
    for (int64_t i = 0; i < options.batch; ++i) {
      if (next == order.size()) {
        std::shuffle(order.begin(), order.end(), random);
        next = 0;
      }
      chosen.push_back(order[next++]);
    }
    LabelledBatch batch = data.batch(chosen, &random);
    if (options.stripes) lay_stripes(batch.levels, random);
    return batch;
  };
  return train_tagger(tagger, draw, options, job);
}

}  // namespace riffle::eval
