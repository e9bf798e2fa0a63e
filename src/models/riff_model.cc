// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/riff_model.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "models/context_rows.h"
#include "models/prompt_features.h"
#include "models/riff_seams.h"
#include "text/word_vocabulary.h"

namespace riffle::models {
namespace {

// What every part has to agree on with its neighbours.
void check_fit(const RiffParts& parts) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::BadFile, parts.bundle().path().string() + ": " + what,
                "the parts of this bundle do not belong together");
  };
  const auto& unet = parts.unet_config();
  const int64_t latents = parts.latent_channels();
  const int64_t context = unet.in_channels - unet.out_channels;
  if (unet.cross_attention_dim != parts.text_config().hidden_size) {
    refuse(fmt::format("the UNet reads prompts of {} features, the text encoder makes {}",
                       unet.cross_attention_dim, parts.text_config().hidden_size));
  }
  const bool harmony = context == ContextRows::with_harmony(parts.mel_rows_per_latent_row());
  if (unet.out_channels != latents ||
      (context != 0 && context != ContextRows::kBeatChannels && !harmony)) {
    refuse(fmt::format("the UNet takes {} and makes {} latent channels, the autoencoder has {}",
                       unet.in_channels, unet.out_channels, latents));
  }
  const int64_t summary = unet.projection_class_embeddings_input_dim;
  if (summary != 0 && summary != parts.text_config().hidden_size + kMusicFeatures) {
    refuse(
        fmt::format("the UNet reads a summary of {} features, expected {} of the text encoder "
                    "and {} of tempo and key",
                    summary, parts.text_config().hidden_size, kMusicFeatures));
  }
  if (harmony && summary == 0) {
    refuse("the UNet has rows for a key, but reads no summary of the prompt, which would tell it");
  }
}

}  // namespace

DefaultGuidance default_guidance(const weights::Bundle& bundle) {
  const std::string where = bundle.path().string() + ": defaults.json";
  const Json defaults = bundle.defaults();
  const DefaultGuidance usual;
  return {.scale = json_get_or(defaults, "guidance", usual.scale, where),
          .rescale = json_get_or(defaults, "guidance_rescale", usual.rescale, where)};
}

RiffModel::RiffModel(weights::Bundle bundle, const RiffModelOptions& options)
    : parts_(std::make_shared<RiffParts>(std::move(bundle), options)) {
  check_fit(*parts_);
  denoiser_ = make_riff_denoiser(parts_);
  if (parts_->has_few_step_unet()) few_step_denoiser_ = make_few_step_denoiser(parts_);
  autoencoder_ =
      parts_->has_mel_autoencoder() ? make_mel_autoencoder(parts_) : make_riff_autoencoder(parts_);
  const bool words = text::WordVocabulary::is_in(parts_->bundle().tokenizer_folder());
  conditioner_ = words ? make_word_conditioner(parts_) : make_riff_conditioner(parts_);
}

}  // namespace riffle::models
