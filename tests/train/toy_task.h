// SPDX-License-Identifier: GPL-3.0-or-later
// The smallest task there is: fit a plane to samples of it, with noise.
#pragma once

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "train/random.h"
#include "train/task.h"

namespace riffle::test {

class ToyTask : public train::Task {
 public:
  // ballast: parameters that are there for their size.
  explicit ToyTask(int64_t ballast = 0) : ballast_(at::ones({ballast, 4}).requires_grad_()) {
    weight_ = at::zeros({1, 4}).requires_grad_();
    bias_ = at::zeros({1}).requires_grad_();
  }

  std::string name() const override { return "toy"; }
  Json settings() const override { return {{"width", width}}; }
  std::vector<train::ParameterGroup> parameters() override {
    weights::NamedTensors parameters{{"weight", weight_}, {"bias", bias_}};
    if (ballast_.numel() > 0) parameters.emplace_back("ballast", ballast_);
    return {{.name = "toy", .parameters = parameters}};
  }
  train::Batch make_batch(int64_t first, int64_t count) override {
    train::Batch batch{.first = first, .seeds = {}, .tensors = {}};
    at::Tensor x = at::empty({count, 4});
    for (int64_t i = 0; i < count; ++i) {
      batch.seeds.push_back(train::derive_seed(1, "toy", static_cast<uint64_t>(first + i)));
      train::Random chance(batch.seeds.back());
      for (int64_t j = 0; j < 4; ++j) x.data_ptr<float>()[i * 4 + j] = float(chance.normal());
    }
    batch.tensors.emplace_back("x", x);
    return batch;
  }
  train::Loss loss(const train::Batch& batch, const train::StepContext& at,
                   const Job& job) override {
    if (before_loss) before_loss(at.step);
    job.check();
    const at::Tensor& x = batch.at("x");
    const at::Tensor noise = train::sample_noise(batch.seeds, "noise", {}, x.device());
    const at::Tensor truth = x.select(1, 0) * 2 - x.select(1, 3) + 0.5 + noise * 0.1;
    const at::Tensor error = (x.matmul(weight_.t()).squeeze(1) + bias_ - truth).square().mean();
    return {.total = error, .parts = {{"square", error.detach()}}};
  }
  train::NamedNumbers validate(const Job& /*job*/) override {
    return {{"bias", bias_.item<double>()}};
  }
  void write_samples(const std::filesystem::path& /*folder*/, const Job& /*job*/) override {}
  void write_model(const std::filesystem::path& /*folder*/, const Job& /*job*/) override {}

  at::Tensor weight() const { return weight_; }
  at::Tensor bias() const { return bias_; }

  int width = 4;
  std::function<void(int64_t)> before_loss;

 private:
  at::Tensor ballast_;
  at::Tensor weight_;
  at::Tensor bias_;
};

}  // namespace riffle::test
