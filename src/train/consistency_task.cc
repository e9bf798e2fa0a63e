// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/consistency_task.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "models/companded_stft.h"
#include "models/load_module.h"
#include "shards/wave_levels.h"
#include "train/model_files.h"

namespace riffle::train {
namespace {

constexpr int kLevels = 10000;             // that the distribution of noise is told on
constexpr double kHuberFactor = 0.00054;   // times sqrt(elements)
constexpr int kTries = 8;                  // for a crop that is loud enough
constexpr double kLeastDifference = 1e-9;  // of two noise levels
constexpr double kLeastAmplitude = 0.05;   // of companded spectra: some -80 dB of full scale
constexpr int64_t kAtOnce = 8;

// A sound file of 16 bits, which the trainer can write without libraries.
void write_wav(const std::filesystem::path& path, const at::Tensor& mono, int64_t sample_rate) {
  const at::Tensor samples =
      (mono.flatten().clamp(-1, 1) * 32767).round().to(at::kShort).contiguous();
  const auto bytes = static_cast<uint32_t>(samples.nbytes());
  std::vector<uint8_t> file;
  const auto number = [&](uint32_t value, int width) {
    for (int i = 0; i < width; ++i) file.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  const auto word = [&](const char* text) { file.insert(file.end(), text, text + 4); };
  word("RIFF");
  number(36 + bytes, 4);
  word("WAVE");
  word("fmt ");
  number(16, 4);
  number(1, 2);  // PCM
  number(1, 2);  // channels
  number(static_cast<uint32_t>(sample_rate), 4);
  number(static_cast<uint32_t>(2 * sample_rate), 4);
  number(2, 2);
  number(16, 2);
  word("data");
  number(bytes, 4);
  for (int64_t i = 0; i < samples.numel(); ++i) {
    number(static_cast<uint16_t>(samples.data_ptr<int16_t>()[i]), 2);
  }
  write_file(path, file);
}

}  // namespace

models::ConsistencyConfig small_consistency_config() {
  models::ConsistencyConfig config;
  config.base_channels = 16;
  config.layers_list = {1, 1, 1, 1, 1};
  config.bottleneck_base_channels = 256;
  config.num_bottleneck_layers = 2;
  return config;
}

ConsistencyTask::ConsistencyTask(const shards::ShardReader& waves, ConsistencyTaskOptions options)
    : waves_(waves), options_(std::move(options)), order_(1, options_.seed) {
  const auto rate = waves.header().spectrogram.value("sample_rate", int64_t{0});
  if (waves.header().rows != shards::kWaveRows || rate != options_.model.sample_rate ||
      options_.frames % options_.model.frames_per_latent() != 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the waveforms are at {} Hz and crops have {} frames, the model takes "
                            "{} Hz and multiples of {} frames",
                            rate, options_.frames, options_.model.sample_rate,
                            options_.model.frames_per_latent()));
  }
  training_ = parts_of(shards::Split::Train);
  if (training_.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the corpus has no part of {} samples to train on", samples()));
  }
  order_ = ShuffledOrder(static_cast<int64_t>(training_.size()), options_.seed);
  double sum = 0;
  for (int k = 0; k < kLevels; ++k) {
    const double z =
        (std::log(sigma(static_cast<double>(k) / (kLevels - 1))) - options_.level_mean) /
        options_.level_deviation;
    sum += std::exp(-z * z / 2);
    level_chances_.push_back(sum);
  }
  for (double& chance : level_chances_) chance /= sum;
  model_ = std::make_shared<models::ConsistencyAutoencoder>(options_.model);
  model_->start(derive_seed(options_.seed, "weights", 0));
  model_->to(options_.device);
}

int64_t ConsistencyTask::samples() const {
  return options_.model.window() + (options_.frames - 1) * options_.model.hop;
}

std::vector<ConsistencyTask::Part> ConsistencyTask::parts_of(shards::Split split) const {
  std::vector<Part> parts;
  for (const size_t index : waves_.indices(split)) {
    const auto& segments = waves_.records()[index].segments;
    for (size_t s = 0; s < segments.size(); ++s) {
      if (segments[s].frames() >= samples()) parts.push_back({index, s});
    }
  }
  return parts;
}

Json ConsistencyTask::settings() const {
  return {{"config", options_.model.to_json()},
          {"frames", options_.frames},
          {"exponents", {options_.first_exponent, options_.last_exponent}},
          {"levels", {options_.level_mean, options_.level_deviation}},
          {"least_rms", options_.least_rms}};
}

Json ConsistencyTask::circumstances() const { return {{"training_parts", training_.size()}}; }

std::vector<ParameterGroup> ConsistencyTask::parameters() {
  return {{.name = "autoencoder",
           .parameters = models::named_parameters(*model_),
           .beta2 = 0.999,
           .weight_decay = 0}};
}

at::Tensor ConsistencyTask::crop(const Part& part, Random& chance) const {
  const shards::Segment& segment = waves_.records()[part.record].segments[part.segment];
  const at::Tensor levels = waves_.levels(part.record);
  at::Tensor loudest;
  double most = -1;
  for (int i = 0; i < kTries && most < options_.least_rms; ++i) {
    const int64_t first = segment.first_frame + chance.below(segment.frames() - samples() + 1);
    const at::Tensor sound = shards::wave_of_levels(levels.narrow(1, first, samples()));
    const double rms = sound.square().mean().sqrt().item<double>();
    if (rms > most) loudest = sound;
    most = std::max(most, rms);
  }
  return loudest;
}

Batch ConsistencyTask::make_batch(int64_t first, int64_t count) {
  Batch batch{.first = first, .seeds = {}, .tensors = {}};
  std::vector<at::Tensor> sounds;
  for (int64_t i = first; i < first + count; ++i) {
    batch.seeds.push_back(derive_seed(options_.seed, "sample", static_cast<uint64_t>(i)));
    Random chance(batch.seeds.back());
    sounds.push_back(crop(training_[static_cast<size_t>(order_.at(i))], chance));
  }
  batch.tensors.emplace_back("sound", at::stack(sounds));
  return batch;
}

double ConsistencyTask::sigma(double u) const {
  const models::ConsistencyConfig& c = options_.model;
  const double low = std::pow(c.sigma_min, 1 / c.rho);
  const double high = std::pow(c.sigma_max, 1 / c.rho);
  return std::pow(low + u * (high - low), c.rho);
}

std::pair<double, double> ConsistencyTask::levels(double chance, double within,
                                                  const StepContext& at) const {
  const auto k = std::ranges::lower_bound(level_chances_, chance) - level_chances_.begin();
  const double u = std::min(1.0, (static_cast<double>(k) + within) / (kLevels - 1));
  const double exponent =
      options_.first_exponent + at.done() * (options_.last_exponent - options_.first_exponent);
  return {u, std::max(0.0, u - std::pow(0.1, exponent))};
}

Loss ConsistencyTask::loss(const Batch& batch, const StepContext& at, const Job& job) {
  const at::Tensor clean = models::companded_stft(batch.at("sound"), options_.model);
  const at::Tensor chances = sample_uniform(batch.seeds, "noise level", at::kCPU);
  const at::Tensor places = sample_uniform(batch.seeds, "within level", at::kCPU);
  std::vector<double> upper;
  std::vector<double> lower;
  for (int64_t i = 0; i < batch.count(); ++i) {
    const auto [u, less] = levels(chances[i].item<double>(), places[i].item<double>(), at);
    upper.push_back(sigma(u));
    lower.push_back(sigma(less));
  }
  const auto on_device = [&](const std::vector<double>& values) {
    return at::tensor(values, at::kDouble).to(clean.device(), at::kFloat);
  };
  const at::Tensor high = on_device(upper);
  const at::Tensor low = on_device(lower);
  const at::Tensor noise =
      sample_noise(batch.seeds, "noise", clean.sizes().slice(1), clean.device());
  const auto noisy = [&](const at::Tensor& s) { return clean + noise * s.view({-1, 1, 1, 1}); };

  const auto pyramid = model_->pyramid(model_->encode(clean, job), job);
  at::Tensor target;
  {
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> seen;
    for (const at::Tensor& level : pyramid) seen.push_back(level.detach());
    target = model_->denoise(noisy(low), low, seen, job);
  }
  const at::Tensor difference = model_->denoise(noisy(high), high, pyramid, job) - target;
  const double c = kHuberFactor * std::sqrt(static_cast<double>(clean.numel() / clean.size(0)));
  const at::Tensor huber = (difference.square().sum({1, 2, 3}) + c * c).sqrt() - c;
  return {.total = (huber / (high - low).clamp_min(kLeastDifference)).mean(),
          .parts = {{"difference", huber.detach().mean()}}};
}

void ConsistencyTask::write_model(const std::filesystem::path& folder, const Job& /*job*/) {
  write_part(folder, options_.model.to_json(), models::named_parameters(*model_), kTextModelFile);
}

std::vector<at::Tensor> ConsistencyTask::validation_crops() const {
  auto parts = parts_of(shards::Split::Valid);
  if (parts.empty()) parts = training_;
  const size_t count =
      std::min(parts.size(), static_cast<size_t>(std::max<int64_t>(1, options_.validation_crops)));
  std::vector<at::Tensor> crops;
  for (size_t i = 0; i < count; ++i) {
    Random chance(derive_seed(1, "validation", i));
    crops.push_back(crop(parts[i * parts.size() / count], chance));
  }
  return crops;
}

// In one step, with noise that is always the same.
at::Tensor ConsistencyTask::decoded(const at::Tensor& pictures, const Job& job) {
  const at::NoGradGuard no_grad;
  std::vector<uint64_t> seeds;
  for (int64_t i = 0; i < pictures.size(0); ++i) {
    seeds.push_back(derive_seed(1, "decode", static_cast<uint64_t>(i)));
  }
  const at::Tensor noise =
      sample_noise(seeds, "noise", pictures.sizes().slice(1), pictures.device());
  const double most = options_.model.sigma_max;
  const auto sigma = at::full({pictures.size(0)}, most, pictures.options());
  return model_->denoise(noise * most, sigma, model_->pyramid(model_->encode(pictures, job), job),
                         job);
}

NamedNumbers ConsistencyTask::validate(const Job& job) {
  const auto crops = validation_crops();
  const auto log_amplitude = [&](const at::Tensor& picture) {
    // Of the spectrum itself, in dB: the companding is a power of the amplitude.
    return picture.norm(2, 1).clamp_min(kLeastAmplitude).log10() *
           (20 / options_.model.alpha_rescale);
  };
  double sum = 0;
  for (size_t i = 0; i < crops.size(); i += kAtOnce) {
    job.check();
    const std::vector<at::Tensor> some(
        crops.begin() + static_cast<int64_t>(i),
        crops.begin() + static_cast<int64_t>(std::min(crops.size(), i + kAtOnce)));
    const at::Tensor real =
        models::companded_stft(at::stack(some).to(options_.device), options_.model);
    const at::Tensor error = log_amplitude(decoded(real, job)) - log_amplitude(real);
    sum += error.square().mean(1).sqrt().mean(1).sum().item<double>();
  }
  return {{"log-spectral distance", sum / static_cast<double>(crops.size())}};
}

void ConsistencyTask::write_samples(const std::filesystem::path& folder, const Job& job) {
  auto crops = validation_crops();
  crops.resize(std::min(crops.size(), static_cast<size_t>(options_.sounds)));
  for (size_t i = 0; i < crops.size(); ++i) {
    const at::Tensor real =
        models::companded_stft(crops[i].unsqueeze(0).to(options_.device), options_.model);
    const at::Tensor sound = models::inverse_companded_stft(decoded(real, job), options_.model);
    write_wav(folder / fmt::format("real-{}.wav", i), crops[i], options_.model.sample_rate);
    write_wav(folder / fmt::format("decoded-{}.wav", i), sound.cpu(), options_.model.sample_rate);
  }
}

}  // namespace riffle::train
