// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/distill_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <string_view>
#include <utility>
#include <vector>

#include "diffusion/lcm.h"
#include "train/random.h"

namespace riffle::train {
namespace {

constexpr double kHuber = 0.001;  // below it differences count by their square

// The batch twice: as it is, then told nothing at all, which guidance leads away from.
Batch with_and_without(const Batch& batch, const std::vector<int64_t>& no_words) {
  Batch both{.first = batch.first, .seeds = batch.seeds, .tensors = {}};
  both.seeds.insert(both.seeds.end(), batch.seeds.begin(), batch.seeds.end());
  for (const char* name : {"ids", "numbers", "beats", "chroma"}) {
    if (!batch.has(name)) continue;
    const at::Tensor& told = batch.at(name);
    const at::Tensor without = std::string_view(name) == "ids"
                                   ? at::tensor(no_words, told.options()).expand_as(told)
                                   : at::zeros_like(told);
    both.tensors.emplace_back(name, at::cat({told, without}));
  }
  return both;
}

}  // namespace

DistillTask::DistillTask(const shards::ShardReader& corpus, const LatentCache& latents,
                         RiffNetworks networks, const DistillTaskOptions& options)
    : LoraTask(corpus, latents, std::move(networks), options.lora), guidance_(options.guidance) {}

Json DistillTask::settings() const {
  Json settings = LoraTask::settings();
  settings["guidance"] = guidance_.scale;
  settings["guidance_rescale"] = guidance_.rescale;
  return settings;
}

at::Tensor DistillTask::clean_in(const at::Tensor& predicted, const at::Tensor& noisy,
                                 const Levels& levels) const {
  switch (scheduler().prediction_type) {
    case diffusion::PredictionType::Epsilon:
      return (noisy - levels.sigma * predicted) / levels.alpha;
    case diffusion::PredictionType::VPrediction:
      return levels.alpha * noisy - levels.sigma * predicted;
    case diffusion::PredictionType::Sample:
      break;
  }
  return predicted;
}

at::Tensor DistillTask::teach(const at::Tensor& noisy, const at::Tensor& from, const at::Tensor& to,
                              const Batch& batch, const Job& job) {
  const at::Tensor both = predict(at::cat({noisy, noisy}), at::cat({from, from}),
                                  with_and_without(batch, no_words()), job)
                              .to(at::kFloat);
  const auto told = both.chunk(2);
  const Levels here = levels(from);
  const Levels there = levels(to);
  const at::Tensor clean = clean_in(diffusion::guided(told[1], told[0], guidance_), noisy, here);
  const at::Tensor noise = (noisy - here.alpha * clean) / here.sigma;
  return there.alpha * clean + there.sigma * noise;
}

at::Tensor DistillTask::consistent(const at::Tensor& noisy, const at::Tensor& timesteps,
                                   const Batch& batch, const Job& job) {
  const at::Tensor predicted = predict(noisy, timesteps, batch, job).to(at::kFloat);
  const at::Tensor clean = clean_in(predicted, noisy, levels(timesteps));
  std::vector<float> skips;
  std::vector<float> outs;
  const at::Tensor whole = timesteps.cpu();
  for (int64_t i = 0; i < whole.numel(); ++i) {
    const auto [skip, out] =
        diffusion::consistency_scales(scheduler(), static_cast<double>(whole[i].item<int64_t>()));
    skips.push_back(static_cast<float>(skip));
    outs.push_back(static_cast<float>(out));
  }
  const auto scales = [&](const std::vector<float>& values) {
    return at::tensor(values, at::kFloat).to(noisy.device()).view({-1, 1, 1, 1});
  };
  return scales(skips) * noisy + scales(outs) * clean;
}

at::Tensor DistillTask::losses(const Batch& batch, const Job& job) {
  const int64_t stretch = diffusion::consistency_stretch(scheduler());
  const at::Tensor place = batch.at("timesteps")
                               .div(stretch, "floor")
                               .clamp_max(scheduler().original_inference_steps - 1);
  const at::Tensor from = (place + 1) * stretch - 1;
  const at::Tensor to = (place * stretch - 1).clamp_min(0);
  const at::Tensor clean = batch.at("latents").to(at::kFloat);
  const at::Tensor noise =
      sample_noise(batch.seeds, "noise", clean.sizes().slice(1), clean.device());
  const Levels here = levels(from);
  const at::Tensor noisy = here.alpha * clean + here.sigma * noise;
  at::Tensor target;
  {
    const at::NoGradGuard no_grad;
    remove();
    const at::Tensor further = teach(noisy, from, to, batch, job);
    apply();
    target = consistent(further, to, batch, job);
  }
  const at::Tensor difference = consistent(noisy, from, batch, job) - target;
  return ((difference.square() + kHuber * kHuber).sqrt() - kHuber).mean({1, 2, 3});
}

}  // namespace riffle::train
