// SPDX-License-Identifier: GPL-3.0-or-later
// Consistency distillation of a riff model (Luo et al. 2023, arXiv:2310.04378; into an adapter:
// arXiv:2311.05556). The model, guided, is the teacher. The student, the same model with an adapter
// on it, is to say of a noisy sample what it says of the same sample one stretch of the teacher's
// way further: in the end, from any noise level, where the teacher would arrive, guidance included.
// Sampled with the scheduler "lcm" in 2 to 8 evaluations, without guidance.
#pragma once

#include <string>

#include "diffusion/guidance.h"
#include "train/lora_task.h"

namespace riffle::train {

struct DistillTaskOptions {
  LoraTaskOptions lora{};
  diffusion::GuidanceOptions guidance{};  // the teacher's
};

class DistillTask final : public LoraTask {
 public:
  DistillTask(const shards::ShardReader& corpus, const LatentCache& latents, RiffNetworks networks,
              const DistillTaskOptions& options);

  std::string name() const override { return "distill"; }
  Json settings() const override;

 protected:
  // How far student and teacher disagree, in the clean latents' units (pseudo-Huber), [B].
  at::Tensor losses(const Batch& batch, const Job& job) override;

 private:
  // Where the guided teacher takes noisy latents from one timestep to another, both [B].
  at::Tensor teach(const at::Tensor& noisy, const at::Tensor& from, const at::Tensor& to,
                   const Batch& batch, const Job& job);
  // What the student says the clean latents are, [B, C, rows, columns].
  at::Tensor consistent(const at::Tensor& noisy, const at::Tensor& timesteps, const Batch& batch,
                        const Job& job);
  // The clean latents a prediction stands for.
  at::Tensor clean_in(const at::Tensor& predicted, const at::Tensor& noisy,
                      const Levels& levels) const;

  diffusion::GuidanceOptions guidance_;
};

}  // namespace riffle::train
