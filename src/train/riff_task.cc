// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/riff_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "models/load_module.h"
#include "models/prompt_features.h"
#include "train/model_files.h"
#include "train/riff_sampler.h"

namespace riffle::train {
namespace {

constexpr int64_t kChunk = 16;  // samples at once where no gradients are wanted
// Where validation looks: shares of the timesteps.
constexpr std::array kLevels{0.125, 0.375, 0.625, 0.875};
// Multiples of it are spread evenly over [0, 1): each stretch of samples sees all noise levels.
constexpr double kGoldenRatio = 0.6180339887498949;
constexpr double kNearlyWhole = 0.25;  // columns

}  // namespace

RiffTask::RiffTask(const shards::ShardReader& corpus, const LatentCache& latents,
                   RiffNetworks networks, RiffTaskOptions options)
    : latents_(latents),
      networks_(std::move(networks)),
      context_(networks_.context_channels(), latents.maker().row_factor,
               Json(corpus.header().spectrogram)),
      options_(std::move(options)),
      training_(corpus, shards::Split::Train, options_.frames, latents.maker().time_factor,
                options_.seed, options_.alone),
      conditions_(
          corpus, networks_.tokenizer, networks_.prompt_length(), latents.maker().time_factor,
          context_.beats() ? options_.frames / latents.maker().time_factor : 0, context_.harmony()),
      scheduler_(diffusion::scheduler_config_from_json(networks_.scheduler_config, "scheduler")) {
  if (networks_.unet->config().out_channels != latents.maker().channels) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the network is for latents of {} channels, the autoencoder's have {}",
                            networks_.unet->config().out_channels, latents.maker().channels));
  }
  try {
    validation_.emplace(corpus, shards::Split::Valid, options_.frames, latents.maker().time_factor,
                        options_.seed);
  } catch (const Error& e) {
    log::warn("no validation: {}", e.message());
  }
  const diffusion::NoiseSchedule schedule(scheduler_);
  const at::Tensor signal = at::tensor(schedule.alphas_cumprod(), at::kDouble);
  alphas_ = signal.sqrt().to(options_.device, at::kFloat);
  sigmas_ = (1 - signal).sqrt().to(options_.device, at::kFloat);
  networks_.to(options_.device);
  if (!options_.train_text_encoder) {
    for (at::Tensor& parameter : networks_.text_encoder->parameters()) {
      parameter.requires_grad_(false);
    }
  }
}

Json RiffTask::settings() const {
  const ConditionChances& c = options_.chances;
  return {{"unet", networks_.unet_config},
          {"text_encoder", networks_.text_config},
          {"scheduler", networks_.scheduler_config},
          {"train_text_encoder", options_.train_text_encoder},
          {"latents", latents_.maker().fingerprint},
          {"frames", options_.frames},
          {"logit_normal", options_.logit_normal},
          {"min_snr_gamma", options_.min_snr_gamma},
          {"turn", options_.turn},
          {"alone", options_.alone},
          {"chances",
           {c.nothing, c.no_text, c.no_tempo, c.no_key, c.no_beats, c.no_chroma, c.fine_chroma,
            c.tell_tempo, c.tell_key}}};
}

Json RiffTask::circumstances() const {
  return {{"training_windows", training_.count()},
          {"validation_windows", validation_ ? validation_->count() : 0}};
}

std::vector<ParameterGroup> RiffTask::parameters() {
  const auto prefixed = [](const char* prefix, const torch::nn::Module& module) {
    weights::NamedTensors named;
    for (auto& [name, tensor] : models::named_parameters(module)) {
      named.emplace_back(std::string(prefix) + name, tensor);
    }
    return named;
  };
  std::vector<ParameterGroup> groups{
      {.name = "unet", .parameters = prefixed("unet.", *networks_.unet)}};
  if (options_.train_text_encoder) {
    groups.push_back(
        {.name = "text_encoder", .parameters = prefixed("text_encoder.", *networks_.text_encoder)});
  }
  return groups;
}

at::Tensor RiffTask::window_latents(const Window& window) const {
  const int64_t factor = latents_.maker().time_factor;
  return latents_.latents(window.record)
      .narrow(2, window.first_frame / factor, options_.frames / factor);
}

int64_t RiffTask::timestep(int64_t sample, Random& chance) const {
  double u = std::fmod(static_cast<double>(sample) * kGoldenRatio, 1.0);
  if (options_.logit_normal) u = 1 / (1 + std::exp(-chance.normal()));
  const auto count = static_cast<double>(scheduler_.num_train_timesteps);
  return std::min(scheduler_.num_train_timesteps - 1, static_cast<int64_t>(u * count));
}

at::Tensor RiffTask::turned(at::Tensor latents, Condition& condition, const Window& window,
                            Random& chance) const {
  const bool wanted = chance.chance(options_.turn);
  const int64_t columns = latents.size(2);
  const int64_t by = chance.below(columns);
  const double bar = conditions_.columns_per_bar(window);
  if (!wanted || !(bar > 0)) return latents;
  const double bars = std::round(static_cast<double>(columns) / bar);
  const double first =
      static_cast<double>(window.first_frame) / static_cast<double>(latents_.maker().time_factor);
  const double phase = (first - conditions_.first_bar_column(window)) / bar;
  const bool whole =
      bars >= 1 && std::abs(bars * bar - static_cast<double>(columns)) < kNearlyWhole;
  const bool on_bar = std::abs(phase - std::round(phase)) * bar < kNearlyWhole;
  if (!whole || !on_bar) return latents;
  if (condition.beats.defined()) condition.beats = condition.beats.roll(by, 1);
  if (condition.chroma.defined()) condition.chroma = condition.chroma.roll(by, 1);
  return latents.roll(by, 2);
}

void RiffTask::add_condition(Batch& batch, const std::vector<Condition>& conditions) const {
  std::vector<int64_t> ids;
  std::vector<at::Tensor> numbers;
  std::vector<at::Tensor> beats;
  std::vector<at::Tensor> chroma;
  for (const Condition& condition : conditions) {
    ids.insert(ids.end(), condition.ids.begin(), condition.ids.end());
    if (condition.numbers.defined()) numbers.push_back(condition.numbers);
    if (condition.beats.defined()) beats.push_back(condition.beats);
    if (condition.chroma.defined()) chroma.push_back(condition.chroma);
  }
  const auto count = static_cast<int64_t>(conditions.size());
  batch.tensors.emplace_back("ids", at::tensor(ids, at::kLong).view({count, -1}));
  if (!numbers.empty()) batch.tensors.emplace_back("numbers", at::stack(numbers));
  if (!beats.empty()) batch.tensors.emplace_back("beats", at::stack(beats));
  if (!chroma.empty()) batch.tensors.emplace_back("chroma", at::stack(chroma));
}

Batch RiffTask::make_batch(int64_t first, int64_t count) {
  Batch batch{.first = first, .seeds = {}, .tensors = {}};
  std::vector<at::Tensor> latents;
  std::vector<Condition> conditions;
  std::vector<int64_t> timesteps;
  for (int64_t i = first; i < first + count; ++i) {
    batch.seeds.push_back(derive_seed(options_.seed, "sample", static_cast<uint64_t>(i)));
    Random chance(batch.seeds.back());
    const Window window = training_.choose(i, chance);
    timesteps.push_back(timestep(i, chance));
    conditions.push_back(conditions_.random(window, options_.chances, chance));
    latents.push_back(turned(window_latents(window), conditions.back(), window, chance));
  }
  batch.tensors.emplace_back("latents", at::stack(latents));
  batch.tensors.emplace_back("timesteps", at::tensor(timesteps, at::kLong));
  add_condition(batch, conditions);
  return batch;
}

at::Tensor RiffTask::predict(const at::Tensor& noisy, const at::Tensor& timesteps,
                             const Batch& batch, const Job& job) {
  const at::Tensor& ids = batch.at("ids");
  const at::Tensor hidden = networks_.text_encoder->forward(ids, job);
  const auto given = [&](const char* name) {
    return batch.has(name) ? batch.at(name) : at::Tensor();
  };
  const at::Tensor input = context_.beside(
      noisy, {.summary = given("numbers"), .beats = given("beats"), .chroma = given("chroma")});
  const at::Tensor summary = networks_.reads_summary()
                                 ? models::prompt_summary(hidden, ids, batch.at("numbers"))
                                 : at::Tensor();
  return networks_.unet->forward(input, timesteps, hidden, job, nullptr, summary);
}

RiffTask::Levels RiffTask::levels(const at::Tensor& timesteps) const {
  const auto of = [&](const at::Tensor& all) {
    return all.index_select(0, timesteps).view({-1, 1, 1, 1});
  };
  return {of(alphas_), of(sigmas_)};
}

at::Tensor RiffTask::losses(const Batch& batch, const Job& job) {
  const at::Tensor clean = batch.at("latents").to(at::kFloat);
  const at::Tensor& timesteps = batch.at("timesteps");
  const auto [alpha, sigma] = levels(timesteps);
  const at::Tensor noise =
      sample_noise(batch.seeds, "noise", clean.sizes().slice(1), clean.device());
  const at::Tensor predicted =
      predict(clean * alpha + noise * sigma, timesteps, batch, job).to(at::kFloat);
  const bool v = scheduler_.prediction_type == diffusion::PredictionType::VPrediction;
  at::Tensor target = noise;
  if (v) {
    target = noise * alpha - clean * sigma;
  } else if (scheduler_.prediction_type == diffusion::PredictionType::Sample) {
    target = clean;
  }
  at::Tensor loss = (predicted - target).square().mean({1, 2, 3});
  if (options_.min_snr_gamma > 0) {
    const at::Tensor snr = (alpha / sigma).square().flatten();
    const at::Tensor most = snr.clamp_max(options_.min_snr_gamma);
    loss = loss * (v ? most / (snr + 1) : most / snr);
  }
  return loss;
}

Loss RiffTask::loss(const Batch& batch, const StepContext& /*at*/, const Job& job) {
  return {.total = losses(batch, job).mean(), .parts = {}};
}

Batch RiffTask::validation_batch(const std::vector<Window>& windows, int64_t timestep) const {
  Batch batch{.first = 0, .seeds = {}, .tensors = {}};
  std::vector<at::Tensor> latents;
  std::vector<Condition> conditions;
  for (const Window& window : windows) {
    batch.seeds.push_back(
        derive_seed(static_cast<uint64_t>(timestep), "validation",
                    window.record * 1'000'003 + static_cast<uint64_t>(window.first_frame)));
    latents.push_back(window_latents(window));
    conditions.push_back(conditions_.plain(window));
  }
  batch.tensors.emplace_back("latents", at::stack(latents));
  batch.tensors.emplace_back("timesteps",
                             at::full({static_cast<int64_t>(windows.size())}, timestep, at::kLong));
  add_condition(batch, conditions);
  for (auto& [name, tensor] : batch.tensors) tensor = tensor.to(options_.device);
  return batch;
}

NamedNumbers RiffTask::validate(const Job& job) {
  if (!validation_) return {};
  const auto windows = validation_->evenly(options_.validation_windows);
  NamedNumbers figures{{"loss", 0}};
  for (const double level : kLevels) {
    const auto timestep =
        static_cast<int64_t>(level * static_cast<double>(scheduler_.num_train_timesteps));
    double sum = 0;
    for (size_t i = 0; i < windows.size(); i += kChunk) {
      const size_t end = std::min(windows.size(), i + kChunk);
      const std::vector<Window> some(windows.begin() + static_cast<int64_t>(i),
                                     windows.begin() + static_cast<int64_t>(end));
      sum += losses(validation_batch(some, timestep), job).sum().item<double>();
    }
    figures.emplace_back(fmt::format("loss at {}", timestep),
                         sum / static_cast<double>(windows.size()));
    figures.front().second += figures.back().second / static_cast<double>(kLevels.size());
  }
  return figures;
}

void RiffTask::write_samples(const std::filesystem::path& folder, const Job& job) {
  const Windows& from = validation_ ? *validation_ : training_;
  const auto windows = from.evenly(options_.clips);
  if (windows.empty()) return;
  Batch batch{.first = 0, .seeds = {}, .tensors = {}};
  std::vector<Condition> conditions;
  std::vector<std::string> prompts;
  for (const Window& window : windows) {
    prompts.push_back(from.segment(window).captions.front());
    conditions.push_back(conditions_.of_prompt(prompts.back()));
    batch.seeds.push_back(derive_seed(options_.seed, "clip", prompts.size()));
  }
  const size_t count = conditions.size();
  for (size_t i = 0; i < count; ++i) {  // what guidance moves away from keeps the beats
    conditions.push_back(conditions_.of_prompt(""));
    conditions.back().beats = conditions[i].beats;
  }
  add_condition(batch, conditions);
  for (auto& [name, tensor] : batch.tensors) tensor = tensor.to(options_.device);
  const at::Tensor noise =
      sample_noise(batch.seeds, "noise", window_latents(windows.front()).sizes(), at::kCPU)
          .to(options_.device);
  const at::Tensor latents = sample_latents(
      [&](const at::Tensor& noisy, double timestep) {
        const at::Tensor both = at::cat({noisy, noisy});
        return predict(both, at::full({1}, timestep, noisy.options()), batch, job);
      },
      noise, networks_.scheduler_config,
      {.scheduler = options_.sample_scheduler,
       .steps = options_.sample_steps,
       .guidance = options_.sample_guidance},
      job);
  for (size_t i = 0; i < count; ++i) {
    const at::Tensor levels = latents_.maker().decode(latents[static_cast<int64_t>(i)], job).cpu();
    options_.writers.picture(folder / fmt::format("{}", i), levels);
    if (options_.writers.sound) {
      options_.writers.sound(folder / fmt::format("{}", i), levels, job);
    }
  }
  std::string list;
  for (size_t i = 0; i < count; ++i) list += fmt::format("{}\t{}\n", i, prompts[i]);
  write_text_file(folder / "prompts.txt", list);
}

void RiffTask::write_model(const std::filesystem::path& folder, const Job& /*job*/) {
  write_riff_networks(folder, networks_, options_.bundle);
  write_text_file(folder / "spectrogram.json",
                  training_.corpus().header().spectrogram.dump(2) + "\n");
  if (options_.autoencoder.empty() || options_.autoencoder == folder) return;
  const FoundPart vae = find_part(options_.autoencoder, "vae");
  weights::NamedTensors tensors;
  for (const auto& info : vae.tensors->tensors()) {
    tensors.emplace_back(info.name, vae.tensors->view(info.name));
  }
  write_part(folder / "vae", vae.config, tensors);
}

}  // namespace riffle::train
