// SPDX-License-Identifier: GPL-3.0-or-later
// The networks of a riff model (CLIP text encoder, UNet, KL or mel autoencoder): loaded from a
// bundle when first wanted, prepared for the device, kept or dropped as memory allows, with LoRA
// adapters.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/job.h"
#include "models/autoencoder_kl.h"
#include "models/clip_text_model.h"
#include "models/mel_autoencoder.h"
#include "models/unet_2d_condition_model.h"
#include "weights/bundle.h"
#include "weights/lora.h"

namespace riffle::models {

struct RiffModelOptions {
  at::Device device = at::kCPU;
  // CPU only: libtorch's operators and direct convolutions instead of Riffle's kernels. Slower, and
  // what golden numbers are compared with.
  bool exact = false;
  // Weights in half precision, and one network in memory at a time.
  bool low_memory = false;
};

// What every network does before it computes: moves to the device in half precision, or packs for
// the CPU's kernels.
void prepare_for_inference(torch::nn::Module& model, const RiffModelOptions& options);
// Reads the weights too. Throws as load_module does.
void load_for_inference(torch::nn::Module& model, const weights::TensorSource& source,
                        const RiffModelOptions& options, const Job& job = {});

struct RandomWeights {
  uint64_t seed = 1;
};

class RiffParts {
 public:
  // Reads the configurations, not the weights. Throws Error{BadFile, Unsupported, NotFound}.
  RiffParts(weights::Bundle bundle, const RiffModelOptions& options);
  // Stable Diffusion 1.5's sizes and random weights, for measuring: there is no bundle behind it,
  // so no tokenizer either.
  RiffParts(RandomWeights random, const RiffModelOptions& options);

  // Each valid until another is asked for. Throws as load_module does, and Error{Cancelled}.
  UNet2DConditionModel& unet(const Job& job = {});
  // The UNet with the bundle's few-step adapter on it, beside those that were set. Error{NotFound}
  // where the bundle has none.
  UNet2DConditionModel& few_step_unet(const Job& job = {});
  // One of the two, as has_mel_autoencoder() says; the other is Error{Internal}.
  AutoencoderKL& vae(const Job& job = {});
  MelAutoencoder& mel_autoencoder(const Job& job = {});
  ClipTextModel& text_encoder(const Job& job = {});

  // Exactly these adapters are in effect from now on; loads the UNet and the text encoder, which
  // then stay in memory. Throws as weights::LoraSet::apply does, leaving the adapters as they were.
  std::vector<weights::LoraReport> set_adapters(const std::vector<weights::LoraUse>& adapters,
                                                const Job& job = {});

  // Another number whenever a network's weights have come to lie elsewhere.
  int64_t generation() const { return generation_; }

  bool has_few_step_unet() const { return !random_ && !bundle_.few_step_adapter().empty(); }
  const UNet2DConditionConfig& unet_config() const { return unet_config_; }
  bool has_mel_autoencoder() const { return mel_config_.has_value(); }
  const AutoencoderKLConfig& vae_config() const { return vae_config_; }
  const MelAutoencoderConfig& mel_config() const { return mel_config_.value(); }
  int64_t latent_channels() const {
    return mel_config_ ? mel_config_->latent_channels : vae_config_.latent_channels;
  }
  int64_t mel_rows_per_latent_row() const {
    return mel_config_ ? mel_config_->row_factor() : vae_config_.factor();
  }
  const ClipTextConfig& text_config() const { return text_config_; }
  const weights::Bundle& bundle() const { return bundle_; }
  const RiffModelOptions& options() const { return options_; }

 private:
  template <class Model, class Config>
  std::shared_ptr<Model> load(const char* part, const Config& config, const Job& job) const;
  template <class Model, class Config>
  std::shared_ptr<Model> make(const char* part, const Config& config, const Job& job) const;
  void prepare(torch::nn::Module& model) const { prepare_for_inference(model, options_); }
  // With low_memory: drops the networks that may be dropped.
  void make_room();

  weights::Bundle bundle_;
  std::optional<RandomWeights> random_;  // instead of the bundle
  RiffModelOptions options_;
  UNet2DConditionConfig unet_config_;
  AutoencoderKLConfig vae_config_;  // where there is no mel_config_
  std::optional<MelAutoencoderConfig> mel_config_;
  ClipTextConfig text_config_;
  std::shared_ptr<UNet2DConditionModel> unet_;
  std::shared_ptr<UNet2DConditionModel> few_step_unet_;
  std::shared_ptr<AutoencoderKL> vae_;
  std::shared_ptr<MelAutoencoder> mel_autoencoder_;
  std::shared_ptr<ClipTextModel> text_encoder_;
  int64_t generation_ = 0;
  std::unique_ptr<weights::LoraSet> adapters_;  // null until adapters were asked for
  std::vector<weights::LoraUse> uses_;          // those in effect
};

}  // namespace riffle::models
