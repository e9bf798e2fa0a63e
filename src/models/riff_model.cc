// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/riff_model.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "models/riff_seams.h"

namespace riffle::models {
namespace {

// What every part has to agree on with its neighbours.
void check_fit(const RiffParts& parts) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::BadFile, parts.bundle().path().string() + ": " + what,
                "the parts of this bundle do not belong together");
  };
  const auto& unet = parts.unet_config();
  if (unet.cross_attention_dim != parts.text_config().hidden_size) {
    refuse(fmt::format("the UNet reads prompts of {} features, the text encoder makes {}",
                       unet.cross_attention_dim, parts.text_config().hidden_size));
  }
  if (unet.in_channels != parts.vae_config().latent_channels ||
      unet.in_channels != unet.out_channels) {
    refuse(fmt::format("the UNet takes {} and makes {} latent channels, the autoencoder has {}",
                       unet.in_channels, unet.out_channels, parts.vae_config().latent_channels));
  }
}

}  // namespace

RiffModel::RiffModel(weights::Bundle bundle, const RiffModelOptions& options)
    : parts_(std::make_shared<RiffParts>(std::move(bundle), options)) {
  check_fit(*parts_);
  denoiser_ = make_riff_denoiser(parts_);
  autoencoder_ = make_riff_autoencoder(parts_);
  conditioner_ = make_riff_conditioner(parts_);
}

}  // namespace riffle::models
