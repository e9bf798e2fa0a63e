// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/lora_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "models/load_module.h"
#include "train/tiny_latents.h"
#include "train/trainer.h"
#include "weights/lora.h"

namespace riffle::train {
namespace {

class LoraTraining : public test::TinyLatents {
 protected:
  LoraTask make_task(LoraNames names, bool convolutions = false) {
    LoraTaskOptions options;
    options.riff.frames = 64;
    options.riff.validation_windows = 1;
    options.riff.clips = 1;
    options.riff.sample_steps = 2;
    options.shape = {.rank = 4, .alpha = 6, .convolutions = convolutions};
    options.names = names;
    return LoraTask(*corpus_, *cache_, load_riff_networks(bundle()), options);
  }

  TrainerOptions run_options() {
    TrainerOptions options;
    options.folder = folder_ / "run";
    options.model = folder_ / "adapter.safetensors";
    options.steps = 6;
    options.batch = 2;
    options.rate.peak = 1e-2;
    options.rate.decay = 0.01;
    options.average = {.profile = WeightAverage::Profile::Fixed, .decay = 0};
    options.samples_every = 0;
    options.restart = true;
    return options;
  }

  // What the UNet says of fixed latents and a fixed prompt.
  static at::Tensor output_of(RiffNetworks& networks) {
    const at::NoGradGuard no_grad;
    const auto& clip = std::get<text::ClipTokenizer>(networks.tokenizer);
    const at::Tensor ids = at::tensor(clip.encode_padded("banjo"), at::kLong).unsqueeze(0);
    at::Tensor latents = at::linspace(-1, 1, 4 * 4 * 8).view({1, 4, 4, 8});
    return networks.unet->forward(latents, at::full({1}, 300), networks.text_encoder->forward(ids));
  }
};

TEST_F(LoraTraining, TheFileDoesWhatTheTrainedAdapterDid) {
  for (const LoraNames names : {LoraNames::Kohya, LoraNames::Diffusers}) {
    for (const bool convolutions : {false, true}) {
      LoraTask task = make_task(names, convolutions);
      Trainer trainer(task, run_options());
      trainer.run({});
      trainer.with_average([&] { task.validate({}); });  // the sum of both lies in the weights now
      const at::Tensor trained = output_of(task.networks());

      RiffNetworks plain = load_riff_networks(bundle());
      const at::Tensor before = output_of(plain);
      weights::LoraSet set({{"unet", models::named_parameters(*plain.unet)},
                            {"text_encoder", models::named_parameters(*plain.text_encoder)}});
      const auto reports = set.apply({{weights::open_lora(folder_ / "adapter.safetensors"), 1.0}});
      EXPECT_TRUE(reports.front().unmatched.empty());
      const at::Tensor loaded = output_of(plain);
      // The file holds half precision: eleven bits of up and down.
      const double effect = (trained - before).norm().item<double>();
      EXPECT_GT(effect, 0.01 * before.norm().item<double>());
      EXPECT_LT((loaded - trained).norm().item<double>(), 5e-3 * effect);
    }
  }
}

TEST_F(LoraTraining, GradientsFollowTheChainRule) {
  LoraTask task = make_task(LoraNames::Kohya);
  auto groups = task.parameters();
  // Away from the start, where up is zero and down has no gradient.
  {
    const at::NoGradGuard no_grad;
    for (auto& group : groups) {
      for (auto& [name, tensor] : group.parameters) tensor.add_(0.02);
    }
  }
  const Batch batch = task.make_batch(0, 2);
  task.loss(batch, {}, {}).total.backward();
  at::Tensor up = groups.front().parameters[1].second;
  const double told = up.grad()[0][0].item<double>();
  const auto loss_with = [&](double change) {
    const at::NoGradGuard no_grad;
    const double before = up[0][0].item<double>();
    up[0][0].fill_(before + change);
    at::AutoGradMode on(true);
    const double loss = task.loss(batch, {}, {}).total.item<double>();
    at::AutoGradMode off(false);
    up[0][0].fill_(before);
    return loss;
  };
  // Central difference; float32 leaves some two digits.
  const double measured = (loss_with(0.05) - loss_with(-0.05)) / 0.1;
  EXPECT_NEAR(told, measured, 0.05 * std::abs(measured) + 2e-5);
}

TEST_F(LoraTraining, OnlyTheAdapterIsTrained) {
  LoraTask task = make_task(LoraNames::Kohya);
  Trainer trainer(task, run_options());
  for (const auto& group : trainer.parameters().groups()) {
    for (const auto& [name, tensor] : group.parameters) {
      EXPECT_TRUE(name.ends_with(".up") || name.ends_with(".down")) << name;
    }
  }
  EXPECT_THROW(lora_names_from_name("peft"), Error);
}

}  // namespace
}  // namespace riffle::train
