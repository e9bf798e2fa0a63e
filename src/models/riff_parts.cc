// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/riff_parts.h"

#include <ATen/core/grad_mode.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "models/load_module.h"
#include "nn/activations.h"

namespace riffle::models {
namespace {

template <class Config>
Config read_config(const weights::Bundle& bundle, const char* part) {
  return Config::from_json(bundle.config(part), (bundle.path() / part / "config.json").string());
}

bool packs(const RiffModelOptions& options) { return options.device.is_cpu() && !options.exact; }

}  // namespace

void prepare_for_inference(torch::nn::Module& model, const RiffModelOptions& options) {
  const at::NoGradGuard no_grad;
  if (options.device.is_cuda()) {
    model.to(options.device, at::kHalf);
    // The layout in which the tensor cores' convolutions take pictures; activations follow it.
    for (at::Tensor& parameter : model.parameters()) {
      if (parameter.dim() == 4) {
        parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
      }
    }
  } else if (packs(options)) {
    nn::pack_for_inference(model, {.half_storage = options.low_memory});
  }
}

void load_for_inference(torch::nn::Module& model, const weights::TensorSource& source,
                        const RiffModelOptions& options, const Job& job) {
  // Packing reads the weights where they lie in the file; half precision ones need not exist as
  // floats all at once.
  load_module(model, source, {.keep_type = packs(options), .optional = {}}, job);
  prepare_for_inference(model, options);
}

RiffParts::RiffParts(weights::Bundle bundle, const RiffModelOptions& options)
    : bundle_(std::move(bundle)),
      options_(options),
      unet_config_(read_config<UNet2DConditionConfig>(bundle_, "unet")),
      text_config_(read_config<ClipTextConfig>(bundle_, "text_encoder")) {
  if (MelAutoencoderConfig::describes(bundle_.config("vae"))) {
    mel_config_ = read_config<MelAutoencoderConfig>(bundle_, "vae");
  } else {
    vae_config_ = read_config<AutoencoderKLConfig>(bundle_, "vae");
  }
}

RiffParts::RiffParts(RandomWeights random, const RiffModelOptions& options)
    : random_(random), options_(options) {}

UNet2DConditionModel& RiffParts::unet(const Job& job) {
  if (!unet_) {
    make_room();
    ++generation_;
    unet_ = load<UNet2DConditionModel>("unet", unet_config_, job);
  }
  return *unet_;
}

UNet2DConditionModel& RiffParts::few_step_unet(const Job& job) {
  if (few_step_unet_) return *few_step_unet_;
  if (!has_few_step_unet()) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: there is no few_steps.safetensors in it",
                                                 bundle_.path().string()));
  }
  make_room();
  auto unet = std::make_shared<UNet2DConditionModel>(unet_config_);
  // Adapters change weights in place: not those of the file.
  load_module(*unet, *bundle_.tensors("unet"), {.share = false, .optional = {}}, job);
  std::vector<weights::LoraUse> uses{{weights::open_lora(bundle_.few_step_adapter()), 1.0}};
  for (const weights::LoraUse& use : uses_) {
    const auto reads_text = [](const weights::LoraLayer& layer) {
      return layer.part == "text_encoder";
    };
    if (!std::ranges::all_of(use.lora->layers, reads_text)) uses.push_back(use);
  }
  {
    const at::NoGradGuard no_grad;
    weights::LoraSet({{"unet", named_parameters(*unet)}}).apply(uses, job);
  }
  prepare(*unet);
  ++generation_;
  few_step_unet_ = std::move(unet);
  return *few_step_unet_;
}

AutoencoderKL& RiffParts::vae(const Job& job) {
  if (mel_config_) throw Error(ErrorCode::Internal, "this model's autoencoder is no AutoencoderKL");
  if (!vae_) {
    make_room();
    vae_ = load<AutoencoderKL>("vae", vae_config_, job);
  }
  return *vae_;
}

MelAutoencoder& RiffParts::mel_autoencoder(const Job& job) {
  if (!mel_config_)
    throw Error(ErrorCode::Internal, "this model's autoencoder is an AutoencoderKL");
  if (!mel_autoencoder_) {
    make_room();
    mel_autoencoder_ = load<MelAutoencoder>("vae", *mel_config_, job);
  }
  return *mel_autoencoder_;
}

ClipTextModel& RiffParts::text_encoder(const Job& job) {
  if (!text_encoder_) {
    make_room();
    text_encoder_ = load<ClipTextModel>("text_encoder", text_config_, job);
  }
  return *text_encoder_;
}

template <class Model, class Config>
std::shared_ptr<Model> RiffParts::load(const char* part, const Config& config,
                                       const Job& job) const {
  nn::release_kept_activations();  // those of the part that ran before
  auto model = make<Model>(part, config, job);
  nn::release_kept_activations();  // what packing left behind
  return model;
}

template <class Model, class Config>
std::shared_ptr<Model> RiffParts::make(const char* part, const Config& config,
                                       const Job& job) const {
  auto model = std::make_shared<Model>(config);
  if (random_ && packs(options_)) {
    nn::reset_and_pack(*model, random_->seed, {.half_storage = options_.low_memory});
    return model;
  }
  if (random_) {
    nn::reset_parameters(*model, random_->seed);
    prepare(*model);
  } else {
    load_for_inference(*model, *bundle_.tensors(part), options_, job);
  }
  return model;
}

void RiffParts::make_room() {
  if (!options_.low_memory) return;
  vae_.reset();
  mel_autoencoder_.reset();
  few_step_unet_.reset();
  if (adapters_) return;  // they live in the weights
  unet_.reset();
  text_encoder_.reset();
}

std::vector<weights::LoraReport> RiffParts::set_adapters(
    const std::vector<weights::LoraUse>& adapters, const Job& job) {
  if (adapters.empty() && !adapters_) return {};
  if (!unet_) unet_ = load<UNet2DConditionModel>("unet", unet_config_, job);
  if (!text_encoder_) text_encoder_ = load<ClipTextModel>("text_encoder", text_config_, job);
  const at::NoGradGuard no_grad;
  ++generation_;
  nn::unpack(*unet_);
  nn::unpack(*text_encoder_);
  if (!adapters_) {
    adapters_ = std::make_unique<weights::LoraSet>(std::map<std::string, weights::NamedTensors>{
        {"unet", named_parameters(*unet_)}, {"text_encoder", named_parameters(*text_encoder_)}});
  }
  const auto prepare_both = [&] {
    prepare(*unet_);
    prepare(*text_encoder_);
  };
  try {
    auto reports = adapters_->apply(adapters, job);
    prepare_both();
    uses_ = adapters;
    few_step_unet_.reset();
    return reports;
  } catch (...) {
    prepare_both();
    throw;
  }
}

}  // namespace riffle::models
