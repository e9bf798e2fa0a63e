// SPDX-License-Identifier: GPL-3.0-or-later
// Riffusion's family behind the three seams: CLIP prompts, a UNet over latents of mel spectrogram
// pictures, a KL autoencoder.
#pragma once

#include <memory>
#include <vector>

#include "core/json.h"
#include "models/autoencoder.h"
#include "models/conditioner.h"
#include "models/denoiser.h"
#include "models/riff_parts.h"

namespace riffle::models {

// Of requests that leave it open.
struct DefaultGuidance {
  double scale = 7;    // Riffusion's
  double rescale = 0;  // Lin et al. 2023
};
// What a bundle's defaults.json says: "guidance", "guidance_rescale". Throws Error{BadFile}.
DefaultGuidance default_guidance(const weights::Bundle& bundle);

// One at a time may compute; the networks are loaded when first needed.
class RiffModel {
 public:
  // Reads configurations and the tokenizer. Throws Error{BadFile, Unsupported, NotFound}, and
  // Error{BadFile} when the parts do not fit together.
  explicit RiffModel(weights::Bundle bundle, const RiffModelOptions& options = {});

  Denoiser& denoiser() { return *denoiser_; }
  // With the bundle's few-step adapter; null where it has none.
  Denoiser* few_step_denoiser() { return few_step_denoiser_.get(); }
  Autoencoder& autoencoder() { return *autoencoder_; }
  Conditioner& conditioner() { return *conditioner_; }

  // The bundle's spectrogram.json; empty where there is none.
  Json spectrogram() const { return parts_->bundle().spectrogram(); }
  // The bundle's defaults.json; empty where there is none.
  Json defaults() const { return parts_->bundle().defaults(); }
  // See RiffParts.
  std::vector<weights::LoraReport> set_adapters(const std::vector<weights::LoraUse>& adapters,
                                                const Job& job = {}) {
    return parts_->set_adapters(adapters, job);
  }
  RiffParts& parts() { return *parts_; }

 private:
  std::shared_ptr<RiffParts> parts_;
  std::unique_ptr<Denoiser> denoiser_;
  std::unique_ptr<Denoiser> few_step_denoiser_;
  std::unique_ptr<Autoencoder> autoencoder_;
  std::unique_ptr<Conditioner> conditioner_;
};

}  // namespace riffle::models
