// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/autoencoder_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "core/error.h"
#include "core/log.h"
#include "models/load_module.h"
#include "nn/layer.h"
#include "train/model_files.h"

namespace riffle::train {
namespace {

constexpr int64_t kChunk = 16;  // windows at once where no gradients are wanted

}  // namespace

AutoencoderTask::AutoencoderTask(const shards::ShardReader& corpus, AutoencoderTaskOptions options)
    : options_(std::move(options)),
      training_(corpus, shards::Split::Train, options_.frames, options_.model.patch,
                options_.seed) {
  if (corpus.header().rows != options_.model.rows() ||
      options_.frames % options_.model.patch != 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the corpus has pictures of {} rows and windows have {} frames, the "
                            "model takes {} rows and multiples of {} frames",
                            corpus.header().rows, options_.frames, options_.model.rows(),
                            options_.model.patch));
  }
  try {
    validation_.emplace(corpus, shards::Split::Valid, options_.frames, options_.model.patch,
                        options_.seed);
  } catch (const Error& e) {
    log::warn("no validation: {}", e.message());
  }
  model_ = std::make_shared<models::MelAutoencoder>(options_.model);
  if (options_.start.empty()) {
    nn::reset_parameters(*model_, derive_seed(options_.seed, "weights", 0));
  } else {
    load_part(*model_, options_.start);
  }
  model_->to(options_.device);
  if (options_.adversarial > 0) {
    if (options_.model.latents_std.empty()) {
      throw Error(ErrorCode::InvalidArgument,
                  "the adversarial phase needs an autoencoder that was trained",
                  "run riffle train autoencoder without --adversarial first");
    }
    discriminator_ = std::make_shared<PatchDiscriminator>();
    nn::reset_parameters(*discriminator_, derive_seed(options_.seed, "discriminator", 0));
    discriminator_->to(options_.device);
  }
  if (options_.losses.features > 0) {
    features_.emplace(derive_seed(options_.seed, "features", 0), options_.device);
  }
}

Json AutoencoderTask::settings() const {
  const PictureLossWeights& w = options_.losses;
  Json config = options_.model.to_json();
  config.erase("latents_mean");
  config.erase("latents_std");
  return {{"config", config},
          {"frames", options_.frames},
          {"latent_noise", options_.latent_noise},
          {"adversarial", options_.adversarial},
          {"losses",
           {{"level", w.level},
            {"gradient", w.gradient},
            {"scales", w.scales},
            {"features", w.features},
            {"frequencies", w.frequencies},
            {"textures", w.textures}}}};
}

Json AutoencoderTask::circumstances() const {
  return {{"training_windows", training_.count()},
          {"validation_windows", validation_ ? validation_->count() : 0}};
}

std::vector<ParameterGroup> AutoencoderTask::parameters() {
  const weights::NamedTensors all = models::named_parameters(*model_);
  if (!discriminator_) return {{.name = "autoencoder", .parameters = all}};
  weights::NamedTensors decoder;
  for (const auto& [name, tensor] : all) {
    if (name.starts_with("decoder.")) decoder.emplace_back(name, tensor);
  }
  weights::NamedTensors judge;
  for (const auto& [name, tensor] : models::named_parameters(*discriminator_)) {
    judge.emplace_back("discriminator." + name, tensor);
  }
  // Momentum makes the two chase each other (Radford et al. 2016).
  return {{.name = "decoder", .parameters = decoder, .beta1 = 0.5, .beta2 = 0.9},
          {.name = "discriminator",
           .parameters = judge,
           .beta1 = 0.5,
           .beta2 = 0.9,
           .weight_decay = 0}};
}

Batch AutoencoderTask::make_batch(int64_t first, int64_t count) {
  Batch batch{.first = first, .seeds = {}, .tensors = {}};
  std::vector<Window> windows;
  for (int64_t i = first; i < first + count; ++i) {
    batch.seeds.push_back(derive_seed(options_.seed, "sample", static_cast<uint64_t>(i)));
    Random chance(batch.seeds.back());
    windows.push_back(training_.choose(i, chance));
  }
  batch.tensors.emplace_back("levels", levels_of(training_.corpus(), windows, options_.frames));
  return batch;
}

at::Tensor AutoencoderTask::noisy(const at::Tensor& latents, const Batch& batch) const {
  if (!(options_.latent_noise > 0)) return latents;
  const at::Tensor noise =
      sample_noise(batch.seeds, "latent noise", latents.sizes().slice(1), latents.device());
  const at::Tensor amount =
      sample_uniform(batch.seeds, "noise amount", latents.device()) * options_.latent_noise;
  const at::Tensor deviation = latents.detach().std({0, 2, 3}, /*unbiased=*/false, true);
  return latents + noise * deviation * amount.view({-1, 1, 1, 1});
}

Loss AutoencoderTask::reconstruction(const at::Tensor& decoded, const at::Tensor& real) const {
  const PictureLoss picture = picture_loss(decoded, real, options_.losses);
  Loss loss{.total = picture.total,
            .parts = {{"level", picture.level}, {"gradient", picture.gradient}}};
  if (features_) {
    const at::Tensor term = features_->loss(decoded, real);
    loss.total = loss.total + term * options_.losses.features;
    loss.parts.emplace_back("features", term.detach());
  }
  if (options_.losses.frequencies > 0) {
    const at::Tensor term = focal_frequency_loss(decoded, real);
    loss.total = loss.total + term * options_.losses.frequencies;
    loss.parts.emplace_back("frequencies", term.detach());
  }
  if (options_.losses.textures > 0) {
    const at::Tensor term = texture_loss(decoded, real);
    loss.total = loss.total + term * options_.losses.textures;
    loss.parts.emplace_back("textures", term.detach());
  }
  return loss;
}

// The decoder's part is weighed as Esser et al. 2021 (equation 7) do: so that at its last layer it
// pulls as hard as the other losses, times the option. Only the gradient with respect to the
// pictures is taken of it, so the discriminator learns nothing from it.
void AutoencoderTask::add_adversarial(Loss& loss, const at::Tensor& decoded,
                                      const at::Tensor& real) {
  const at::Tensor last = model_->named_parameters()["decoder.conv_out.weight"];
  const at::Tensor pleasing = -discriminator_->forward(decoded).mean();
  const auto wish = torch::autograd::grad({pleasing}, {decoded, last}, {}, true);
  const auto pull = torch::autograd::grad({loss.total}, {last}, {}, true);
  const at::Tensor weight =
      (pull[0].norm() / (wish[1].norm() + 1e-4)).clamp_max(1e4) * options_.adversarial;
  const at::Tensor judged =
      hinge_loss(discriminator_->forward(real), discriminator_->forward(decoded.detach()));
  const at::Tensor carried = (wish[0].detach() * decoded).sum() * weight.detach();
  loss.total = loss.total + (carried - carried.detach()) + judged;
  loss.parts.emplace_back("pleasing", pleasing.detach());
  loss.parts.emplace_back("adversarial weight", weight.detach());
  loss.parts.emplace_back("discriminator", judged.detach());
}

Loss AutoencoderTask::loss(const Batch& batch, const StepContext& /*at*/, const Job& job) {
  const at::Tensor real = picture_of_levels(batch.at("levels"));
  at::Tensor latents;
  {
    const at::AutoGradMode encoder_learns(!discriminator_);
    latents = model_->encode(real, job);
  }
  const at::Tensor decoded = model_->decode(noisy(latents, batch), job);
  Loss loss = reconstruction(decoded, real);
  if (discriminator_) add_adversarial(loss, decoded, real);
  return loss;
}

at::Tensor AutoencoderTask::pictures_of(const std::vector<Window>& windows) const {
  return picture_of_levels(
      levels_of(training_.corpus(), windows, options_.frames).to(options_.device));
}

NamedNumbers AutoencoderTask::validate(const Job& job) {
  if (!validation_) return {};
  const auto windows = validation_->evenly(options_.validation_windows);
  double loss = 0;
  double error = 0;
  std::vector<at::Tensor> real;
  std::vector<at::Tensor> decoded;
  for (size_t i = 0; i < windows.size(); i += kChunk) {
    const std::vector<Window> some(
        windows.begin() + static_cast<int64_t>(i),
        windows.begin() + static_cast<int64_t>(std::min(windows.size(), i + kChunk)));
    const auto share = static_cast<double>(some.size()) / static_cast<double>(windows.size());
    real.push_back(pictures_of(some));
    decoded.push_back(model_->decode(model_->encode(real.back(), job), job).to(at::kFloat));
    loss += share * picture_loss(decoded.back(), real.back(), options_.losses).total.item<double>();
    error += share * (levels_of_picture(decoded.back()).to(at::kFloat) -
                      levels_of_picture(real.back()).to(at::kFloat))
                         .abs()
                         .mean()
                         .item<double>();
  }
  const BlurNumbers blur = blur_of(at::cat(decoded), at::cat(real));
  return {{"level error", error},
          {"blur time", blur.time},
          {"blur frequency", blur.frequency},
          {"loss", loss}};
}

void AutoencoderTask::write_samples(const std::filesystem::path& folder, const Job& job) {
  const Windows& from = validation_ ? *validation_ : training_;
  const at::Tensor real = pictures_of(from.evenly(options_.pictures));
  const at::Tensor decoded = model_->decode(model_->encode(real, job), job);
  const at::Tensor both = levels_of_picture(at::cat({real, decoded}, 2)).cpu();
  for (int64_t i = 0; i < both.size(0); ++i) {
    options_.writers.picture(folder / fmt::format("real-above-decoded-{}", i), both[i][0]);
    if (options_.writers.sound) {
      options_.writers.sound(folder / fmt::format("decoded-{}", i),
                             levels_of_picture(decoded[i][0]).cpu(), job);
    }
  }
}

void AutoencoderTask::measure_statistics(const Job& job) {
  const auto windows = training_.evenly(options_.statistics_windows);
  at::Tensor sum;
  at::Tensor squares;
  double count = 0;
  for (size_t i = 0; i < windows.size(); i += kChunk) {
    job.check();
    const std::vector<Window> some(
        windows.begin() + static_cast<int64_t>(i),
        windows.begin() + static_cast<int64_t>(std::min(windows.size(), i + kChunk)));
    const at::Tensor z = model_->encode(pictures_of(some), job).to(at::kDouble);
    sum = sum.defined() ? sum + z.sum({0, 2, 3}) : z.sum({0, 2, 3});
    squares = squares.defined() ? squares + z.square().sum({0, 2, 3}) : z.square().sum({0, 2, 3});
    count += static_cast<double>(z.numel() / z.size(1));
  }
  const at::Tensor mean = (sum / count).cpu();
  const at::Tensor deviation =
      ((squares / count).cpu() - mean.square()).clamp_min(1e-12).sqrt().contiguous();
  const auto values = [](const at::Tensor& x) {
    return std::vector<double>(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
  };
  model_->set_statistics(values(mean), values(deviation));
}

void AutoencoderTask::write_model(const std::filesystem::path& folder, const Job& job) {
  if (!discriminator_) measure_statistics(job);
  write_part(folder, model_->config().to_json(), models::named_parameters(*model_));
}

}  // namespace riffle::train
