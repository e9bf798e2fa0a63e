// SPDX-License-Identifier: GPL-3.0-or-later
// The three seams over one set of riff networks.
#pragma once

#include <memory>

#include "models/autoencoder.h"
#include "models/conditioner.h"
#include "models/denoiser.h"
#include "models/riff_parts.h"

namespace riffle::models {

// A tensor where the networks compute, in the type they compute in.
inline at::Tensor to_model(const RiffModelOptions& options, const at::Tensor& x) {
  return x.to(options.device, options.device.is_cuda() ? at::kHalf : at::kFloat);
}
inline at::Tensor to_model(const RiffParts& parts, const at::Tensor& x) {
  return to_model(parts.options(), x);
}

// Reads scheduler_config.json. Throws Error{NotFound, BadFile}.
std::unique_ptr<Denoiser> make_riff_denoiser(std::shared_ptr<RiffParts> parts);
// The same by few_step_unet().
std::unique_ptr<Denoiser> make_few_step_denoiser(std::shared_ptr<RiffParts> parts);

std::unique_ptr<Autoencoder> make_riff_autoencoder(std::shared_ptr<RiffParts> parts);
// Of a bundle whose autoencoder is a MelAutoencoder.
std::unique_ptr<Autoencoder> make_mel_autoencoder(std::shared_ptr<RiffParts> parts);
// The same of a bundle of which no other part is looked at; the weights are read when first needed.
// Throws Error{BadFile, Unsupported, NotFound}.
std::unique_ptr<Autoencoder> open_mel_autoencoder(const weights::Bundle& bundle,
                                                  const RiffModelOptions& options = {});

// Prompts as Riffusion reads them: windows of 77 tokens, up to three, each encoded on its own;
// tokens multiplied by their weights, and the result scaled so that its mean stays what it was.
// Reads the tokenizer. Throws Error{NotFound, BadFile}.
std::unique_ptr<Conditioner> make_riff_conditioner(std::shared_ptr<RiffParts> parts);

// Prompts as known words (prompt_features.h); weights multiply tokens as above. Reads the
// vocabulary. Throws Error{NotFound, BadFile}.
std::unique_ptr<Conditioner> make_word_conditioner(std::shared_ptr<RiffParts> parts);

}  // namespace riffle::models
