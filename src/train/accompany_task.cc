// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/accompany_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "models/load_module.h"
#include "models/tone_rows.h"
#include "train/latent_cache.h"
#include "train/model_files.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kChunk = 16;  // windows at once where no gradients are wanted
// The middles of the quarters of a normal distribution.
constexpr std::array kQuarters{-1.1503, -0.3186, 0.3186, 1.1503};
constexpr double kSmallestSigma = 0.002;
constexpr double kLargestSigma = 80;
constexpr double kRho = 7;

std::vector<double> values_of(const at::Tensor& x) {
  const at::Tensor plain = x.to(at::kDouble).contiguous();
  return {plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel()};
}

// Some items of conditions that may be undefined.
models::UNet1DConditions part_of(const models::UNet1DConditions& all, int64_t first,
                                 int64_t count) {
  const auto some = [&](const at::Tensor& x) {
    return x.defined() ? x.narrow(0, first, count) : x;
  };
  return {some(all.context), some(all.present), some(all.style), some(all.has_style),
          some(all.chroma)};
}

// Zeros stand for a sound that was not embedded.
bool is_known(const at::Tensor& style) {
  return style.numel() > 0 && style.abs().max().item<float>() > 0;
}

void copy_if_there(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  if (!fs::is_directory(from, ec) || fs::equivalent(from, to, ec)) return;
  copy_part(from, to);
}

}  // namespace

// Windows with all that belongs to them, on the device.
struct AccompanyTask::Samples {
  std::vector<uint64_t> seeds;
  at::Tensor clean;  // normalised, as the context is
  models::UNet1DConditions conditions;
};

AccompanyTask::AccompanyTask(const shards::PairReader& pairs, AccompanyTaskOptions options,
                             const Job& job)
    : options_(std::move(options)),
      training_(pairs, shards::Split::Train, options_.network.columns, options_.seed) {
  try {
    validation_.emplace(pairs, shards::Split::Valid, options_.network.columns, options_.seed);
  } catch (const Error& e) {
    log::warn("no validation: {}", e.message());
  }
  models::UNet1DConfig& config = options_.network;
  config.in_channels = pairs.header().channels;
  config.context_channels = config.in_channels;
  config.embedding_dim = pairs.style_dim();
  if (config.embedding_dim == 0) {
    log::warn(
        "the pairs have no embeddings (riffle corpus pairs --clap): the model will not know "
        "styles");
  }
  network_ = std::make_shared<models::UNet1D>(config);
  if (options_.start.empty()) {
    network_->start(derive_seed(options_.seed, "weights", 0));
  } else {
    start_from(options_.start, job);
  }
  if (network_->config().latents_std.empty()) measure_statistics(job);
  network_->to(options_.device);
}

// What the network takes in beside what that one did does nothing yet.
void AccompanyTask::start_from(const fs::path& bundle, const Job& job) {
  const FoundPart part = find_part(bundle, "unet");
  const auto config = models::UNet1DConfig::from_json(part.config, bundle.string() + ": unet");
  models::UNet1DConfig as_there = network_->config();
  as_there.chroma_channels = config.chroma_channels;
  as_there.columns = config.columns;
  as_there.latents_mean = config.latents_mean;
  as_there.latents_std = config.latents_std;
  if (as_there.to_json() != config.to_json() ||
      config.chroma_channels > network_->config().chroma_channels) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: its network is built otherwise than this one", bundle.string()),
                "leave out --config, and use pairs that its autoencoder made");
  }
  network_->set_statistics(config.latents_mean, config.latents_std);
  models::UNet1D there(config);
  models::load_module(there, *part.tensors, {}, job);
  copy_widened(there, *network_);
}

void AccompanyTask::measure_statistics(const Job& job) {
  at::Tensor sum = at::zeros({training_.pairs().header().channels}, at::kDouble);
  at::Tensor squares = sum.clone();
  double count = 0;
  for (const PairWindow& window : training_.evenly(options_.statistics_windows)) {
    job.check();
    const at::Tensor latents = training_.target(window).to(at::kDouble);
    sum += latents.sum(1);
    squares += latents.square().sum(1);
    count += static_cast<double>(latents.size(1));
  }
  const at::Tensor mean = sum / count;
  const at::Tensor deviation = (squares / count - mean.square()).clamp_min(1e-6).sqrt();
  network_->set_statistics(values_of(mean), values_of(deviation));
}

Json AccompanyTask::settings() const {
  return {{"config", network_->config().to_json()},      {"noise_mean", options_.noise_mean},
          {"noise_deviation", options_.noise_deviation}, {"drop_context", options_.drop_context},
          {"drop_style", options_.drop_style},           {"drop_both", options_.drop_both},
          {"tell_heard", options_.tell_heard},           {"tell_chords", options_.tell_chords},
          {"style_words", options_.style_words},         {"style_noise", options_.style_noise}};
}

Json AccompanyTask::circumstances() const {
  return {{"training_stems", training_.count()},
          {"validation_stems", validation_ ? validation_->count() : 0}};
}

std::vector<ParameterGroup> AccompanyTask::parameters() {
  return {{.name = "unet", .parameters = models::named_parameters(*network_)}};
}

Batch AccompanyTask::make_batch(int64_t first, int64_t count) {
  Batch batch{.first = first, .seeds = {}, .tensors = {}};
  std::vector<at::Tensor> targets;
  std::vector<at::Tensor> contexts;
  std::vector<at::Tensor> styles;
  std::vector<at::Tensor> chromas;
  std::vector<float> present;
  std::vector<float> has_style;
  std::vector<float> sigmas;
  for (int64_t i = first; i < first + count; ++i) {
    batch.seeds.push_back(derive_seed(options_.seed, "sample", static_cast<uint64_t>(i)));
    Random chance(batch.seeds.back());
    const PairWindow window = training_.choose(i, chance);
    const bool alone = chance.chance(options_.drop_both);
    const bool no_context = chance.chance(options_.drop_context);
    const bool no_style = chance.chance(options_.drop_style);
    targets.push_back(training_.target(window));
    contexts.push_back(training_.context(window));
    styles.push_back(training_.style(window, chance, options_.style_words));
    chromas.push_back(alone ? at::zeros({models::kChromaRows, training_.columns()})
                            : told_chroma(window, no_context, chance));
    present.push_back(window.maybe_context && !alone && !no_context ? 1.0F : 0.0F);
    has_style.push_back(is_known(styles.back()) && !alone && !no_style ? 1.0F : 0.0F);
    sigmas.push_back(static_cast<float>(
        std::exp(options_.noise_mean + options_.noise_deviation * chance.normal())));
  }
  batch.tensors.emplace_back("target", at::stack(targets));
  batch.tensors.emplace_back("context", at::stack(contexts));
  batch.tensors.emplace_back("style", at::stack(styles));
  batch.tensors.emplace_back("chroma", at::stack(chromas));
  batch.tensors.emplace_back("present", at::tensor(present));
  batch.tensors.emplace_back("has_style", at::tensor(has_style));
  batch.tensors.emplace_back("sigma", at::tensor(sigmas));
  return batch;
}

// Without the context nothing is heard in it: the chords alone are what there may be.
at::Tensor AccompanyTask::told_chroma(const PairWindow& window, bool no_context, Random& chance) {
  const double told = chance.uniform();
  if (told < options_.tell_chords) return training_.chords(window);
  if (told < options_.tell_chords + options_.tell_heard && !no_context) {
    return training_.heard(window);
  }
  return at::zeros({models::kChromaRows, training_.columns()});
}

// The weight 1 / c_out^2 makes the error of the network's own output count alike at all levels.
at::Tensor AccompanyTask::losses(const at::Tensor& clean, const at::Tensor& noise,
                                 const at::Tensor& sigma,
                                 const models::UNet1DConditions& conditions, const Job& job) {
  const at::Tensor out = models::edm_scales(sigma, network_->config().sigma_data).out;
  const at::Tensor denoised = models::edm_denoise(*network_, clean + noise * sigma.view({-1, 1, 1}),
                                                  sigma, conditions, false, job);
  return ((denoised.to(at::kFloat) - clean) / out).square().mean({1, 2});
}

Loss AccompanyTask::loss(const Batch& batch, const StepContext& /*at*/, const Job& job) {
  const at::Tensor clean = network_->normalise(batch.at("target"));
  models::UNet1DConditions conditions{.context = network_->normalise(batch.at("context")),
                                      .present = batch.at("present"),
                                      .chroma = batch.at("chroma")};
  if (network_->config().embedding_dim > 0) {
    at::Tensor style = batch.at("style");
    const int64_t dim = style.size(1);
    const at::Tensor noise = sample_noise(batch.seeds, "style", {dim}, style.device());
    style = style + noise * (options_.style_noise / std::sqrt(static_cast<double>(dim)));
    conditions.style = style / style.norm(2, 1, true).clamp_min(1e-6);
    conditions.has_style = batch.at("has_style");
  }
  const at::Tensor noise =
      sample_noise(batch.seeds, "noise", clean.sizes().slice(1), clean.device());
  return {.total = losses(clean, noise, batch.at("sigma"), conditions, job).mean(), .parts = {}};
}

AccompanyTask::Samples AccompanyTask::samples_of(const PairWindows& windows, int64_t count) const {
  std::vector<at::Tensor> targets;
  std::vector<at::Tensor> contexts;
  std::vector<at::Tensor> styles;
  std::vector<at::Tensor> chromas;
  std::vector<float> present;
  std::vector<float> has_style;
  Samples samples;
  for (const PairWindow& window : windows.evenly(count)) {
    samples.seeds.push_back(derive_seed(window.song, "validation", window.stem));
    Random chance(samples.seeds.back());
    targets.push_back(windows.target(window));
    contexts.push_back(windows.context(window));
    styles.push_back(windows.style(window, chance));
    chromas.push_back(windows.heard(window));
    present.push_back(window.maybe_context ? 1.0F : 0.0F);
    has_style.push_back(is_known(styles.back()) ? 1.0F : 0.0F);
  }
  const auto on_device = [&](const at::Tensor& x) { return x.to(options_.device); };
  samples.clean = network_->normalise(on_device(at::stack(targets)));
  samples.conditions.context = network_->normalise(on_device(at::stack(contexts)));
  samples.conditions.present = on_device(at::tensor(present));
  samples.conditions.chroma = on_device(at::stack(chromas));
  if (network_->config().embedding_dim > 0) {
    samples.conditions.style = on_device(at::stack(styles));
    samples.conditions.has_style = on_device(at::tensor(has_style));
  }
  return samples;
}

double AccompanyTask::mean_loss(const Samples& samples, double sigma,
                                const models::UNet1DConditions& conditions, const Job& job) {
  const at::NoGradGuard no_grad;
  const at::Tensor noise =
      sample_noise(samples.seeds, "noise", samples.clean.sizes().slice(1), samples.clean.device());
  const int64_t all = samples.clean.size(0);
  double sum = 0;
  for (int64_t i = 0; i < all; i += kChunk) {
    const int64_t n = std::min(kChunk, all - i);
    const at::Tensor level = at::full({n}, sigma, samples.clean.options());
    sum += losses(samples.clean.narrow(0, i, n), noise.narrow(0, i, n), level,
                  part_of(conditions, i, n), job)
               .sum()
               .item<double>();
  }
  return sum / static_cast<double>(all);
}

NamedNumbers AccompanyTask::validate(const Job& job) {
  if (!validation_) return {};
  const Samples samples = samples_of(*validation_, options_.validation_windows);
  const models::UNet1DConditions& both = samples.conditions;
  models::UNet1DConditions context{
      .context = both.context, .present = both.present, .chroma = both.chroma};
  models::UNet1DConditions shuffled = context;
  const int64_t half = samples.clean.size(0) / 2;  // far enough to be another song
  shuffled.context = at::roll(both.context, {half}, {0});
  shuffled.present = at::roll(both.present, {half}, {0});
  shuffled.chroma = at::roll(both.chroma, {half}, {0});
  NamedNumbers figures{{"loss", 0}};
  std::array<double, 3> worth{};
  constexpr auto kShare = 1.0 / static_cast<double>(kQuarters.size());
  for (const double place : kQuarters) {
    const double sigma = std::exp(options_.noise_mean + options_.noise_deviation * place);
    figures.emplace_back(fmt::format("loss at {:.2f}", sigma),
                         mean_loss(samples, sigma, both, job));
    figures.front().second += figures.back().second * kShare;
    worth[0] += mean_loss(samples, sigma, context, job) * kShare;
    worth[1] += mean_loss(samples, sigma, shuffled, job) * kShare;
    worth[2] += mean_loss(samples, sigma, {}, job) * kShare;
  }
  figures.emplace_back("context", worth[0]);
  figures.emplace_back("shuffled", worth[1]);
  figures.emplace_back("none", worth[2]);
  return figures;
}

// Euler's method over the levels of Karras et al., equation 5: enough to hear how a run is doing.
at::Tensor AccompanyTask::generate(const Samples& samples, const Job& job) {
  const at::NoGradGuard no_grad;
  const int64_t steps = options_.sample_steps;
  const auto sigma_at = [&](int64_t i) {
    if (i == steps) return 0.0;
    const double low = std::pow(kSmallestSigma, 1 / kRho);
    const double high = std::pow(kLargestSigma, 1 / kRho);
    const double share =
        static_cast<double>(i) / static_cast<double>(std::max<int64_t>(1, steps - 1));
    return std::pow(high + share * (low - high), kRho);
  };
  at::Tensor x =
      sample_noise(samples.seeds, "clip", samples.clean.sizes().slice(1), samples.clean.device()) *
      sigma_at(0);
  for (int64_t i = 0; i < steps; ++i) {
    const at::Tensor sigma = at::full({x.size(0)}, sigma_at(i), x.options());
    const at::Tensor clean =
        models::edm_denoise(*network_, x, sigma, samples.conditions, false, job).to(at::kFloat);
    x = clean + (x - clean) * (sigma_at(i + 1) / sigma_at(i));
  }
  return network_->denormalise(x);
}

void AccompanyTask::write_samples(const fs::path& folder, const Job& job) {
  const PairWindows& from = validation_ ? *validation_ : training_;
  const Samples samples = samples_of(from, options_.clips);
  const at::Tensor made = generate(samples, job).cpu();
  const at::Tensor real = network_->denormalise(samples.clean).cpu();
  weights::write_safetensors(folder / "latents.safetensors", {{"generated", made}, {"real", real}},
                             {}, job);
  if (options_.autoencoder.empty()) return;
  const LatentMaker maker = make_latent_maker(options_.autoencoder, options_.device);
  if (maker.rows < 1 || maker.channels * maker.rows != made.size(1)) return;
  const auto levels_of = [&](const at::Tensor& latents) {
    return maker.decode(latents.view({maker.channels, maker.rows, latents.size(1)}), job).cpu();
  };
  for (int64_t i = 0; i < made.size(0); ++i) {
    const at::Tensor levels = levels_of(made[i]);
    options_.writers.picture(folder / fmt::format("generated-above-real-{}", i),
                             at::cat({levels, levels_of(real[i])}, 0));
    if (options_.writers.sound) {
      options_.writers.sound(folder / fmt::format("generated-{}", i), levels, job);
    }
  }
}

void AccompanyTask::write_model(const fs::path& folder, const Job& /*job*/) {
  write_part(folder / "unet", network_->config().to_json(), models::named_parameters(*network_));
  std::error_code ec;
  fs::create_directories(folder / "scheduler", ec);
  write_text_file(folder / "scheduler/scheduler_config.json",
                  Json{{"_class_name", "EDMScheduler"},
                       {"sigma_min", kSmallestSigma},
                       {"sigma_max", kLargestSigma},
                       {"rho", kRho},
                       {"sigma_data", network_->config().sigma_data}}
                          .dump(2) +
                      "\n");
  Json index{{"_class_name", "BandPipeline"},
             {"unet", {"riffle", "UNet1DModel"}},
             {"scheduler", {"riffle", "EDMScheduler"}}};
  if (!options_.autoencoder.empty()) {
    copy_if_there(options_.autoencoder / "vae", folder / "vae");
    const fs::path spectrogram = options_.autoencoder / "spectrogram.json";
    if (fs::exists(spectrogram, ec)) {
      Json fields = read_json_file(spectrogram);
      const double max_value = training_.pairs().header().max_value;
      if (max_value > 0) fields["max_value"] = max_value;
      write_text_file(folder / "spectrogram.json", fields.dump(2) + "\n");
      index["vae"] = {"riffle", "MelAutoencoder"};
    }
    copy_if_there(options_.autoencoder / "autoencoder", folder / "autoencoder");
    if (fs::is_directory(folder / "autoencoder", ec)) {
      index["autoencoder"] = {"riffle", "ConsistencyAutoencoder"};
    }
  }
  if (!options_.clap.empty()) copy_if_there(options_.clap, folder / "clap");
  if (fs::is_directory(folder / "clap", ec)) index["clap"] = {"riffle", "ClapModel"};
  write_text_file(folder / "model_index.json", index.dump(2) + "\n");
}

}  // namespace riffle::train
