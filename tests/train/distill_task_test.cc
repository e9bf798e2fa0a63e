// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/distill_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/tiny_latents.h"
#include "train/trainer.h"
#include "weights/lora.h"

namespace riffle::train {
namespace {

class Distillation : public test::TinyLatents {
 protected:
  DistillTask make_task(double guidance = 3) {
    DistillTaskOptions options;
    options.guidance.scale = guidance;
    options.lora.shape = {.rank = 4, .alpha = 4, .convolutions = true};
    RiffTaskOptions& riff = options.lora.riff;
    riff.train_text_encoder = false;
    riff.frames = 64;
    riff.validation_windows = 2;
    riff.clips = 1;
    riff.sample_scheduler = "lcm";
    riff.sample_steps = 2;
    riff.sample_guidance = 1;
    return DistillTask(*corpus_, *cache_, load_riff_networks(bundle()), options);
  }

  // All of it at one timestep.
  static Batch at_timestep(Batch batch, int64_t timestep) {
    for (auto& [name, tensor] : batch.tensors) {
      if (name == "timesteps") tensor = at::full_like(tensor, timestep);
    }
    return batch;
  }

  static double loss_of(DistillTask& task, const Batch& batch) {
    return task.loss(batch, {}, {}).total.item<double>();
  }
};

// On the last stretch the target is where the teacher arrives, which the adapter must not move.
TEST_F(Distillation, TheTeacherIsTheModelWithoutTheAdapter) {
  DistillTask task = make_task();
  auto groups = task.parameters();
  {
    const at::NoGradGuard no_grad;
    for (auto& group : groups) {
      for (auto& [name, tensor] : group.parameters) tensor.add_(0.02);
    }
  }
  const Batch batch = at_timestep(task.make_batch(0, 2), 5);
  task.loss(batch, {}, {}).total.backward();
  at::Tensor up = groups.front().parameters[1].second;
  const double told = up.grad().sum().item<double>();
  const auto loss_with = [&](double change) {
    const at::NoGradGuard no_grad;
    const at::Tensor before = up.detach().clone();
    up.add_(change);
    at::AutoGradMode on(true);
    const double loss = loss_of(task, batch);
    at::AutoGradMode off(false);
    up.copy_(before);
    return loss;
  };
  const double measured = (loss_with(0.01) - loss_with(-0.01)) / 0.02;
  EXPECT_GT(std::abs(told), 1e-6);
  EXPECT_NEAR(told, measured, 0.05 * std::abs(measured) + 1e-5);
}

TEST_F(Distillation, GuidanceGoesIntoTheTarget) {
  DistillTask plain = make_task(1);
  DistillTask guided = make_task(6);
  const Batch batch = at_timestep(plain.make_batch(0, 2), 5);
  // Without an adapter yet, and unguided, student and teacher are one on the last stretch but for
  // the noise that is left at timestep 0.
  EXPECT_LT(loss_of(plain, batch), 0.2 * loss_of(guided, batch));
}

TEST_F(Distillation, TheStudentComesToSayWhatTheGuidedTeacherSays) {
  DistillTask task = make_task(6);
  auto groups = task.parameters();
  const Batch batch = at_timestep(task.make_batch(0, 2), 5);
  const double before = loss_of(task, batch);
  for (int i = 0; i < 30; ++i) {
    task.loss(batch, {}, {}).total.backward();
    const at::NoGradGuard no_grad;
    for (auto& group : groups) {
      for (auto& [name, tensor] : group.parameters) {
        tensor.sub_(tensor.grad().sign(), 2e-3);
        tensor.mutable_grad().zero_();
      }
    }
  }
  EXPECT_LT(loss_of(task, batch), 0.6 * before);
}

TEST_F(Distillation, LeavesAnAdapterAndSamples) {
  DistillTask task = make_task();
  TrainerOptions options;
  options.folder = folder_ / "run";
  options.model = folder_ / "few_steps.safetensors";
  options.steps = 2;
  options.batch = 2;
  options.validate_every = 2;
  options.samples_every = 2;
  const TrainResult result = Trainer(task, options).run({});
  ASSERT_FALSE(result.validation.empty());
  EXPECT_TRUE(std::isfinite(result.validation.front().second));
  EXPECT_FALSE(weights::open_lora(options.model)->layers.empty());
  EXPECT_FALSE(std::filesystem::is_empty(folder_ / "run/samples"));
}

}  // namespace
}  // namespace riffle::train
