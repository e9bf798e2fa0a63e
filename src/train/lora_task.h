// SPDX-License-Identifier: GPL-3.0-or-later
// Training of LoRA adapters on a riff model: the model learns somebody's music, in a file of some
// megabytes, and stays what it was without it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "train/lora_adapter.h"
#include "train/riff_task.h"

namespace riffle::train {

struct LoraTaskOptions {
  RiffTaskOptions riff{};  // its train_text_encoder: whether the text encoder gets adapters too
  LoraShape shape{};
  LoraNames names = LoraNames::Kohya;
};

class LoraTask : public RiffTask {
 public:
  LoraTask(const shards::ShardReader& corpus, const LatentCache& latents, RiffNetworks networks,
           const LoraTaskOptions& options);

  std::string name() const override { return "lora"; }
  Json settings() const override;
  std::vector<ParameterGroup> parameters() override;
  Loss loss(const Batch& batch, const StepContext& at, const Job& job) override;
  void write_samples(const std::filesystem::path& folder, const Job& job) override;
  // The adapter alone, as one file.
  void write_model(const std::filesystem::path& file, const Job& job) override;

 protected:
  at::Tensor losses(const Batch& batch, const Job& job) override;
  // With the adapters in the networks' weights, and without.
  void apply() const;
  void remove() const;

 private:
  LoraTaskOptions options_;
  std::vector<std::unique_ptr<LoraAdapter>> adapters_;
};

}  // namespace riffle::train
