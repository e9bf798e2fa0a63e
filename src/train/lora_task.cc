// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/lora_task.h"

#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "nn/torch_compat.h"

namespace riffle::train {

LoraTask::LoraTask(const shards::ShardReader& corpus, const LatentCache& latents,
                   RiffNetworks networks, const LoraTaskOptions& options)
    : RiffTask(corpus, latents, std::move(networks), options.riff), options_(options) {
  const uint64_t seed = options.riff.seed;
  adapters_.push_back(
      std::make_unique<LoraAdapter>("unet", *this->networks().unet, options.shape, seed));
  if (options.riff.train_text_encoder) {
    adapters_.push_back(std::make_unique<LoraAdapter>(
        "text_encoder", *this->networks().text_encoder, options.shape, seed));
  }
}

Json LoraTask::settings() const {
  Json settings = RiffTask::settings();
  settings["rank"] = options_.shape.rank;
  settings["alpha"] = options_.shape.alpha;
  settings["convolutions"] = options_.shape.convolutions;
  return settings;
}

std::vector<ParameterGroup> LoraTask::parameters() {
  std::vector<ParameterGroup> groups;
  for (const auto& adapter : adapters_) {
    groups.push_back(
        {.name = groups.empty() ? "unet" : "text_encoder", .parameters = adapter->parameters()});
  }
  return groups;
}

void LoraTask::apply() const {
  for (const auto& adapter : adapters_) adapter->apply();
  nn::compat::forget_casts();
}

void LoraTask::remove() const {
  for (const auto& adapter : adapters_) adapter->remove();
  nn::compat::forget_casts();
}

at::Tensor LoraTask::losses(const Batch& batch, const Job& job) {
  apply();
  return RiffTask::losses(batch, job);
}

Loss LoraTask::loss(const Batch& batch, const StepContext& /*at*/, const Job& job) {
  const at::Tensor loss = losses(batch, job).mean();
  std::vector<at::Tensor> carriers;
  for (const auto& adapter : adapters_) {
    for (const at::Tensor& weight : adapter->carriers()) carriers.push_back(weight);
  }
  const auto gradients = torch::autograd::grad({loss}, carriers);
  at::Tensor surrogate;
  size_t at = 0;
  for (const auto& adapter : adapters_) {
    const size_t count = adapter->carriers().size();
    const std::vector<at::Tensor> own(gradients.begin() + static_cast<int64_t>(at),
                                      gradients.begin() + static_cast<int64_t>(at + count));
    const at::Tensor term = adapter->surrogate(own);
    surrogate = surrogate.defined() ? surrogate + term : term;
    at += count;
  }
  // The value of the loss, the gradient of the surrogate.
  return {.total = surrogate + (loss - surrogate).detach(), .parts = {}};
}

void LoraTask::write_samples(const std::filesystem::path& folder, const Job& job) {
  apply();
  RiffTask::write_samples(folder, job);
}

void LoraTask::write_model(const std::filesystem::path& file, const Job& /*job*/) {
  std::vector<const LoraAdapter*> all;
  for (const auto& adapter : adapters_) all.push_back(adapter.get());
  write_lora(file, all, options_.names);
}

}  // namespace riffle::train
